package linearize_test

import (
	"fmt"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/zklab/zklab/internal/base/linearize"
)

// steady returns a history of a register with n operations, of which atOnce are always concurrent. If
// it is to be illegal, a read at three quarters of it returns an overwritten value.
func steady(n, atOnce int, illegal bool) (ops []porcupine.Operation) {
	last := 0
	for i := range n {
		op := porcupine.Operation{ClientId: i % atOnce, Call: int64(10 * i), Return: int64(10*(i+atOnce) - 5)}
		if i%3 == 0 {
			last = i + 1
			op.Input = write{last}
		} else {
			op.Input, op.Output = read{}, last
		}
		if illegal && i == 3*n/4/3*3+1 {
			op.Output = 1
		}
		ops = append(ops, op)
	}
	return ops
}

// BenchmarkDecide compares a search with one by porcupine itself, which has no bounds.
func BenchmarkDecide(b *testing.B) {
	for _, illegal := range []bool{false, true} {
		for _, n := range []int{100, 1000, 10000} {
			ops := steady(n, 5, illegal)
			name := fmt.Sprintf("%d/illegal=%v", n, illegal)
			b.Run(name+"/porcupine", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if porcupine.CheckOperations(register, ops) == illegal {
						b.Fatal("wrong")
					}
				}
			})
			p := linearize.Problem{Model: register, Operations: ops}
			want := map[bool]linearize.Result{false: linearize.Legal, true: linearize.Illegal}[illegal]
			b.Run(name+"/bounded", func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if a := linearize.Decide(b.Context(), p, linearize.Budget{Tries: 1e8, Memory: 1 << 30}); a.Result != want {
						b.Fatalf("%+v", a)
					}
				}
			})
			if !illegal {
				continue
			}
			b.Run(name+"/explained", func(b *testing.B) {
				for b.Loop() {
					linearize.Explain(b.Context(), p, linearize.Budget{Tries: 1e8, Memory: 1 << 30})
				}
			})
		}
	}
}
