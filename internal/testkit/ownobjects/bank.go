package ownobjects

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/object"
)

// funds is the sum of the two accounts of a bank.
const funds = 100

// bank has two accounts in one znode. A wrong bank takes money from one account, and adds it to the other
// only later.
type bank struct {
	*seat
	wrong bool
}

func (b *bank) Move(ctx context.Context, sum int64) error {
	now, done, err := b.session()
	if err != nil {
		return err
	}
	defer done()
	steps := [][2]int64{{-sum, sum}}
	if b.wrong {
		steps = [][2]int64{{-sum, 0}, {0, sum}}
	}
	for len(steps) > 0 && ctx.Err() == nil {
		here, there, stat, err := b.accounts(now.Conn)
		if err != nil {
			return err
		}
		_, err = now.Conn.Set(b.path, fmt.Append(nil, here+steps[0][0], there+steps[0][1]), stat.Version)
		switch {
		case err == nil:
			steps = steps[1:]
		case !errors.Is(err, zk.ErrBadVersion):
			return err
		}
	}
	return ctx.Err()
}

func (b *bank) Sum(context.Context) (int64, error) {
	now, done, err := b.session()
	if err != nil {
		return 0, err
	}
	defer done()
	here, there, _, err := b.accounts(now.Conn)
	return here + there, err
}

func (b *bank) accounts(conn *zk.Conn) (here, there int64, stat *zk.Stat, err error) {
	data, stat, err := conn.Get(b.path)
	if err == nil {
		_, err = fmt.Sscan(string(data), &here, &there)
	}
	return here, there, stat, err
}

// banks declares banks with a property of their own: no money appears or vanishes.
func banks(life Life, wrong bool) Declared {
	move, sum := object.Give("move", (*bank).Move, object.Any[int64](1, 2, 3)), object.Ask("sum", (*bank).Sum).Plain().Final()
	return object.Object[*bank]{
		Name: "own-bank", Operations: []object.Operation[*bank]{move, sum},
		New: seated(life, fmt.Sprint(funds, 0), func(s *seat) *bank { return &bank{s, wrong} }),
		Rules: []object.Rule{object.Property("total", "no money comes or goes", func(k *object.Key) (found []object.Finding) {
			for call, v := range object.Of(k, sum) {
				if v.Got != funds {
					found = append(found, object.Finding{Why: fmt.Sprintf("the accounts have %d, not %d", v.Got, funds), Show: []*object.Did{call}})
				}
			}
			return found
		})},
	}
}
