;; Declares `after` alone, and reads the answer's status all the same.
(import "misrule:policy/response@0.1.0" "status" (func $status (param i32)))
(func (export "before"))
(func (export "after") (call $status (i32.const 200)))
(func (export "configure") (param i32 i32) (result i32) (i32.const 16))
