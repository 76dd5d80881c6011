;; Asks for a crash, which an experiment allows only by name.
(import "misrule:policy/faults@0.1.0" "crash" (func $crash))
(func (export "before") (call $crash))
