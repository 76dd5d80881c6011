;; Reads at the highest address that there is, and as far beyond as can be written.
(func (export "before") (drop (i64.load offset=4294967288 (i32.const 0xffffffff))))
