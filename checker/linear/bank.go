package linear

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/foreign"
)

const byTotal = "total of each read"

// loadBank reads transfers, and reads of all accounts: a map of balances, or a list of them.
func loadBank(l *loader, o *op, e *foreign.Event, v foreign.Value) error {
	if e.F == "transfer" {
		o.code = transfer
		return nil
	}
	o.code = readAll
	if e.Type != history.OK {
		return nil
	}
	var list []int32 // account, balance, account, balance …
	switch v.Kind {
	case foreign.Map:
		for i := 0; i+1 < len(v.Items); i += 2 {
			list = append(list, l.h.values.of(v.Items[i]), l.h.values.of(v.Items[i+1]))
		}
	case foreign.List:
		for i, balance := range v.Items {
			list = append(list, l.h.values.number(int64(i)), l.h.values.of(balance))
		}
	case foreign.Nil:
	default:
		return fmt.Errorf("the accounts were read as %s: expected their balances, as in {0 10, 1 90} or [10 90]", v)
	}
	for i := 1; i < len(list); i += 2 {
		if b := l.h.values.list[list[i]]; list[i] != 0 && !b.isInt {
			return fmt.Errorf("the balance of account %s is %s: expected a whole number of 64 bits%s", l.h.values.name(list[i-1]), l.h.values.name(list[i]), orLoose(foreign.Value{Kind: foreign.Text, Text: b.plain()}))
		}
	}
	o.a = int32(len(l.h.lists))
	l.h.lists = append(l.h.lists, list)
	return nil
}

// decideBank decides like Jepsen's tests/bank: the balances of every read have the same total, and
// no balance is below 0. It does not know which accounts there are.
func decideBank(k *object) finding { return k.bank(false) }

// decideOverdrawnBank is like decideBank, with Jepsen's option negative-balances?.
func decideOverdrawnBank(k *object) finding { return k.bank(true) }

func (k *object) bank(negative bool) finding {
	total := big.NewInt(k.h.Model.parameter)
	for i := range k.ops {
		if k.ops[i].code != readAll {
			continue
		}
		i, sum := int32(i), new(big.Int)
		list := k.shown(i)
		for at := 0; at < len(list); at += 2 {
			balance := k.h.values.list[list[at+1]]
			switch {
			case list[at+1] == 0:
				return violation(byTotal, []int32{i}, "%s shows no balance of account %s: %s", k.span(i), k.value(list[at]), k.balances(list))
			case balance.number < 0 && !negative:
				return violation(byTotal, []int32{i}, "%s shows a balance below 0, of account %s: %s", k.span(i), k.value(list[at]), k.balances(list))
			}
			sum.Add(sum, big.NewInt(balance.number))
		}
		if sum.Cmp(total) != 0 {
			return violation(byTotal, []int32{i}, "%s shows balances whose total is %s, and not %s: %s", k.span(i), sum, total, k.balances(list))
		}
	}
	return valid(byTotal)
}

// balances describes what a read showed.
func (k *object) balances(list []int32) string {
	const some = 20
	var b strings.Builder
	for at := 0; at < len(list); at += 2 {
		if at == 2*some {
			b.WriteString(" …")
			break
		}
		if at > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s has %s", k.value(list[at]), k.value(list[at+1]))
	}
	if b.Len() == 0 {
		return "it shows no accounts"
	}
	return b.String()
}

// readTransfers returns the reason why no read of a history can have been wrong, or "" if a read
// can.
func readTransfers(h *History) string {
	reads := false
	for key := range h.keys {
		first := slices.IndexFunc(h.ops[key], func(o op) bool { return o.code == transfer })
		for _, o := range h.ops[key] {
			if o.code != readAll {
				continue
			}
			if reads = true; first >= 0 && h.ops[key][first].inv < o.ret {
				return ""
			}
		}
	}
	if !reads {
		return "no read returned the balances"
	}
	return "no transfer began before the last read ended, so no read could show half of one"
}
