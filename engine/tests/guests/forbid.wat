;; Forbids every fault.
(import "misrule:policy/faults@0.1.0" "forbid" (func $forbid (param i32 i32)))
(func (export "before") (call $forbid (i32.const 64) (i32.const 7)))
