package linear

import (
	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/checker/internal/zones"
)

const byZones = "chains and zones"

// decideRegister decides a register whose values are all different.
func decideRegister(k *object) finding {
	switch codes := k.h.codes[k.key]; {
	case codes.has(mismatch):
		return inapplicable("failed compare-and-sets say what the value was not")
	case codes.has(extend):
		return decideAppends(k)
	}
	return decideChains(k)
}

// decideChains decides a register that is read, written, compared and set.
func decideChains(k *object) finding {
	n := k.unlisted()
	n.list = k.scratch.values[:0]
	defer func() { k.scratch.values = n.list }()
	r := zones.Register{
		Len: len(k.ops), Initial: n.of(k.initial), Scratch: &k.scratch.zones,
		Op: func(i int32, z *zones.Op) {
			o := &k.ops[i]
			z.Kind, z.Inv, z.Ret, z.A = zoneKinds[o.code], o.inv, o.ret, n.of(o.a)
			if o.code == cas {
				z.B = n.of(o.b)
			}
		},
		Span: k.span, Value: func(v int32) string { return k.value(n.list[v]) },
	}
	switch f := r.Decide(); f.Result {
	case zones.Violated:
		return finding{result: checker.Violation, decider: byZones, reason: f.Reason, counterexample: f.Counterexample}
	case zones.Inapplicable:
		return inapplicable("%s", f.Reason)
	}
	return valid(byZones)
}

// effect returns the value that an operation writes; false if it writes none.
func effect(o *op) (int32, bool) {
	z := zoneOp(o)
	return z.Effect()
}

// zoneKinds maps the codes of operations on a register to kinds of package zones.
var zoneKinds = [...]zones.Kind{read: zones.Read, write: zones.Write, cas: zones.CAS, readAll: zones.Nothing}

// zoneOp converts an operation on a register for package zones. Values stay those of
// the history.
func zoneOp(o *op) zones.Op {
	return zones.Op{Inv: o.inv, Ret: o.ret, A: o.a, B: o.b, Kind: zoneKinds[o.code]}
}
