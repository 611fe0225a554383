package bank

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab"
	"github.com/zklab/zklab/object"
)

var (
	transfer = object.Give("transfer", (*Bank).Transfer, func(d *object.Draw) Transfer {
		from := d.IntN(Accounts)
		return Transfer{from, (from + 1 + d.IntN(Accounts-1)) % Accounts, 1 + d.IntN(Start)}
	}).Refuses(ErrFunds)
	read = object.Ask("read", (*Bank).Read).ReadOnly()
)

// answer is the output of the model.
type answer struct {
	unheard, refused bool
	balances         Balances
}

var model = porcupine.Model{
	Init: func() any { return Balances{Start, Start, Start} },
	Step: func(state, input, output any) (bool, any) {
		now, got := state.(Balances), output.(answer)
		t, ok := input.(Transfer)
		if !ok { // the operation is a read
			return got.balances == now, now
		}
		if now[t.From] < t.Amount {
			return got.unheard || got.refused, now
		}
		now[t.From] -= t.Amount
		now[t.To] += t.Amount
		return !got.refused, now
	},
	DescribeOperation: func(input, output any) string {
		if input == nil {
			return fmt.Sprintf("the answer %v", output.(answer).balances)
		}
		return fmt.Sprintf("%+v", input)
	},
}

func banks(construct func(*zk.Conn, string) (*Bank, error)) zklab.Experiment {
	return zklab.Experiment{Workload: object.Object[*Bank]{
		Name:       "bank",
		New:        object.OnConn(construct),
		Operations: []object.Operation[*Bank]{transfer, read},
		Rules: []object.Rule{object.Porcupine(model, func(d *object.Did) (input, output any) {
			got := answer{unheard: d.Outcome == object.IsUnheard, refused: d.Outcome == object.IsRefused}
			if d.Operation == "read" {
				v, _ := object.Values(d, read)
				got.balances = v.Got
				return nil, got
			}
			v, _ := object.Values(d, transfer)
			return v.Arg, got
		})},
	}.Workload()}
}

func TestBanks(t *testing.T) { zklab.Simulate(t, banks(New)) }

// TestCareless convicts a bank that reads the balances one after the other. With CARELESS=1 it fails like the test
// of a wrong recipe, and shows the mistake: see README.md.
func TestCareless(t *testing.T) {
	if os.Getenv("CARELESS") != "" {
		zklab.Simulate(t, banks(newCareless))
		return
	}
	x := banks(newCareless)
	x.Seed = 1
	o, err := zklab.SimulateIn(t, x)
	if err != nil || !slices.Contains(o.Result.Violated(), "porcupine") {
		t.Errorf("not convicted: %v", err)
	}
}
