;; Asks for a delay of 50 ms, then for a function error of type "misrule".
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(import "misrule:policy/faults@0.1.0" "fail" (func $fail (param i32 i32 i32 i32 i32 i32)))
(func (export "before")
  (call $delay (i32.const 50))
  (call $fail (i32.const 64) (i32.const 7) (i32.const 64) (i32.const 7) (i32.const 0) (i32.const 0)))
