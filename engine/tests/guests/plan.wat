;; Asks for delays without end.
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(func (export "before") (loop $again (call $delay (i32.const 1)) (br $again)))
