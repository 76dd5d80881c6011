;; Answers with status 404 and no body.
(import "misrule:policy/faults@0.1.0" "respond-http" (func $respond (param i32 i32 i32 i32 i32)))
(func (export "before")
  (call $respond (i32.const 404) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
