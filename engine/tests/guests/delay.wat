;; Asks for a delay of 200 ms.
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(func (export "before") (call $delay (i32.const 200)))
