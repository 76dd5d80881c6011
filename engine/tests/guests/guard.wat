;; Reads at the highest address that there is, and as far beyond as the guard reaches.
(func (export "before") (drop (i32.load8_u offset=33554431 (i32.const 0xffffffff))))
