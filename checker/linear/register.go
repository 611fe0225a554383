package linear

import (
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/zones"
)

const byZones = "chains and zones"

// decideRegister decides a register whose values are all different.
func decideRegister(k *object) finding {
	n := k.numbers()
	r := zones.Register{
		Ops: k.scratch.zoneOps(len(k.ops)), Initial: n.of(k.initial), Scratch: &k.scratch.zones,
		Span: k.span, Value: func(v int32) string { return k.value(n.list[v]) },
	}
	for i := range k.ops {
		o := zoneOp(&k.ops[i])
		switch k.ops[i].code {
		case mismatch:
			return inapplicable("failed compare-and-sets say what the value was not")
		case extend:
			return decideAppends(k)
		case cas:
			o.B = n.of(o.B)
		}
		o.A = n.of(o.A)
		r.Ops[i] = o
	}
	r.Values = len(n.list)
	switch f := r.Decide(); f.Result {
	case zones.Violated:
		return finding{checker.Violation, byZones, f.Reason, f.Witness}
	case zones.Inapplicable:
		return inapplicable("%s", f.Reason)
	}
	return valid(byZones)
}

// effect is the value that an operation writes; false if it writes none.
func effect(o *op) (int32, bool) {
	z := zoneOp(o)
	return z.Effect()
}

// zoneOp is an operation on a register, with the values of the history.
func zoneOp(o *op) zones.Op {
	z := zones.Op{Inv: o.inv, Ret: o.ret, A: o.a, B: o.b}
	switch o.code {
	case read:
		z.Kind = zones.Read
	case write:
		z.Kind = zones.Write
	case cas:
		z.Kind = zones.CAS
	}
	return z
}
