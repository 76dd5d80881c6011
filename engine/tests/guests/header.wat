;; Answers with the header `misrule`, whose value has a line break.
(import "misrule:policy/faults@0.1.0" "respond-http" (func $respond (param i32 i32 i32 i32 i32)))
(data (i32.const 512) "\40\00\00\00\07\00\00\00\20\02\00\00\04\00\00\00")
(data (i32.const 544) "a\r\nb")
(func (export "before")
  (call $respond (i32.const 503) (i32.const 512) (i32.const 1) (i32.const 0) (i32.const 0)))
