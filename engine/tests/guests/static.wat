;; Delays by a count that it keeps itself, which no policy may: the plan depends on the instance.
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(global $count (mut i32) (i32.const 0))
(func (export "before")
  (global.set $count (i32.add (global.get $count) (i32.const 1)))
  (call $delay (global.get $count)))
