;; A step after a final one.
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(import "misrule:policy/faults@0.1.0" "hang" (func $hang))
(func (export "before") (call $hang) (call $delay (i32.const 1)))
