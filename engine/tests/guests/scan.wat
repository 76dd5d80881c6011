;; Reads the event's path without end: host work is charged by the event's size.
(import "misrule:policy/invocation@0.1.0" "path" (func $path (param i32)))
(func (export "before") (loop $again (call $path (i32.const 512)) (br $again)))
