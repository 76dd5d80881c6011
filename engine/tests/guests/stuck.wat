;; Never returns from `configure`.
(func (export "before"))
(func (export "configure") (param i32 i32) (result i32) (loop $again (br $again)) (i32.const 0))
