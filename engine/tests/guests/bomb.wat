;; Grows its memory until it may not, then aborts as an allocator does.
(func (export "before")
  (loop $again (br_if $again (i32.ne (memory.grow (i32.const 16)) (i32.const -1))))
  (unreachable))
