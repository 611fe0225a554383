// Package bank is an example of a recipe that a porcupine model describes: accounts, and transfers between
// them. Its test has the model, and puts the recipe under faults.
package bank

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/go-zookeeper/zk"
)

// Accounts is the number of accounts, which are numbered from 0. Start is the initial balance of each.
const (
	Accounts = 3
	Start    = 10
)

// Balances holds the balance of each account.
type Balances [Accounts]int

// ErrFunds is the error for a transfer of more than the account has.
var ErrFunds = errors.New("the account has too little")

// Bank has a znode for each account.
type Bank struct {
	conn     *zk.Conn
	path     string
	careless bool // a mistake, for the test: the balances are read one after the other
}

// New creates the accounts, unless another client has done so.
func New(conn *zk.Conn, path string) (*Bank, error) {
	b := &Bank{conn: conn, path: path}
	acl := zk.WorldACL(zk.PermAll)
	requests := []any{&zk.CreateRequest{Path: path, Acl: acl}}
	for i := range Accounts {
		requests = append(requests, &zk.CreateRequest{Path: b.account(i), Data: strconv.AppendInt(nil, Start, 10), Acl: acl})
	}
	if _, err := conn.Multi(requests...); err != nil && !errors.Is(err, zk.ErrNodeExists) {
		return nil, err
	}
	return b, nil
}

// newCareless returns a bank with the mistake.
func newCareless(conn *zk.Conn, path string) (*Bank, error) {
	b, err := New(conn, path)
	if err == nil {
		b.careless = true
	}
	return b, err
}

func (b *Bank) account(i int) string { return fmt.Sprintf("%s/account-%d", b.path, i) }

// Transfer is an order to move money.
type Transfer struct{ From, To, Amount int }

// Transfer moves money from one account to another one. After an error other than ErrFunds, the money may have
// been moved.
func (b *Bank) Transfer(ctx context.Context, t Transfer) error {
	for ctx.Err() == nil {
		all, versions, err := b.read()
		if err != nil {
			return err
		}
		if all[t.From] < t.Amount {
			if err := b.unchanged(versions); errors.Is(err, zk.ErrBadVersion) {
				continue
			} else if err != nil {
				return err
			}
			return ErrFunds
		}
		_, err = b.conn.Multi(
			&zk.SetDataRequest{Path: b.account(t.From), Data: strconv.AppendInt(nil, int64(all[t.From]-t.Amount), 10), Version: versions[t.From]},
			&zk.SetDataRequest{Path: b.account(t.To), Data: strconv.AppendInt(nil, int64(all[t.To]+t.Amount), 10), Version: versions[t.To]},
		)
		if !errors.Is(err, zk.ErrBadVersion) { // otherwise another client changed an account
			return err
		}
	}
	return ctx.Err()
}

// Read returns the balances of all accounts at one moment.
func (b *Bank) Read(ctx context.Context) (Balances, error) {
	for ctx.Err() == nil {
		all, versions, err := b.read()
		if err != nil || b.careless {
			return all, err
		}
		if err := b.unchanged(versions); !errors.Is(err, zk.ErrBadVersion) {
			return all, err
		}
	}
	return Balances{}, ctx.Err()
}

// read reads one account after the other. Other clients may change some of them meanwhile.
func (b *Bank) read() (all Balances, versions [Accounts]int32, err error) {
	for i := range Accounts {
		data, stat, err := b.conn.Get(b.account(i))
		if err != nil {
			return all, versions, err
		}
		if all[i], err = strconv.Atoi(string(data)); err != nil {
			return all, versions, err
		}
		versions[i] = stat.Version
	}
	return all, versions, nil
}

// unchanged returns zk.ErrBadVersion unless all accounts still have these versions, at one moment.
func (b *Bank) unchanged(versions [Accounts]int32) error {
	var requests []any
	for i, v := range versions {
		requests = append(requests, &zk.CheckVersionRequest{Path: b.account(i), Version: v})
	}
	_, err := b.conn.Multi(requests...)
	return err
}
