;; Hands 120 copies of a text of 1 MiB to the host. (A zero byte is a character like another.)
(import "misrule:policy/faults@0.1.0" "because" (func $because (param i32 i32)))
(func (export "before") (local $left i32)
  (drop (memory.grow (i32.const 17)))
  (local.set $left (i32.const 120))
  (loop $again
    (call $because (i32.const 1024) (i32.const 1048576))
    (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
