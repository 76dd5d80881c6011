;; Counts, then aborts: what it counted must not stand.
(import "misrule:policy/memory@0.1.0" "add" (func $add (param i32 i32 i64) (result i64)))
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(import "misrule:policy/invocation@0.1.0" "sequence" (func $sequence (result i64)))
(func (export "before") (local $count i32)
  (local.set $count (i32.wrap_i64 (call $add (i32.const 64) (i32.const 7) (i64.const 1))))
  (if (i64.eq (call $sequence) (i64.const 0)) (then (unreachable)))
  (call $delay (local.get $count)))
