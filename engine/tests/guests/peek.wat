;; Reads the answer before there is one.
(import "misrule:policy/response@0.1.0" "failed" (func $failed (result i32)))
(func (export "before") (drop (call $failed)))
