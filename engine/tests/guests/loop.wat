;; Never returns.
(func (export "before") (loop $again (br $again)))
