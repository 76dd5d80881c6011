;; Hands over a list of half a million empty names.
(import "misrule:policy/faults@0.1.0" "block-hosts" (func $block (param i32 i32)))
(func (export "before")
  (drop (memory.grow (i32.const 70)))
  (call $block (i32.const 1024) (i32.const 500000)))
