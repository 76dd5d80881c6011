;; Writes the first byte after its memory.
(func (export "before") (i32.store8 (i32.const 131072) (i32.const 1)))
