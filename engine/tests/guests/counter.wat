;; Delays by the number of invocations that it counted in the host's memory, and draws once.
(import "misrule:policy/faults@0.1.0" "delay" (func $delay (param i32)))
(import "misrule:policy/memory@0.1.0" "add" (func $add (param i32 i32 i64) (result i64)))
(import "misrule:policy/chance@0.1.0" "uniform" (func $uniform (result f64)))
(func (export "before")
  (call $delay (i32.wrap_i64 (call $add (i32.const 64) (i32.const 7) (i64.const 1))))
  (call $delay (i32.trunc_f64_u (f64.mul (call $uniform) (f64.const 1000)))))
