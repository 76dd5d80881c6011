;; Logs its last words at level error, then aborts.
(import "misrule:policy/logging@0.1.0" "log" (func $log (param i32 i32 i32)))
(func (export "before")
  (call $log (i32.const 3) (i32.const 64) (i32.const 7))
  (unreachable))
