;; Asks for nothing.
(func (export "before"))
