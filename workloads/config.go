package workloads

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/history"
	"github.com/zklab/zklab/history/models"
	"github.com/zklab/zklab/internal/base/await"
	"github.com/zklab/zklab/internal/contracts"
	"github.com/zklab/zklab/subjects"
)

// Config is the workload of a configuration. One client for each key sets, deletes, and
// sets again, each value once; all clients watch all keys.
type Config struct {
	// New makes the subject of one client on one path.
	New func(c *subjects.Client, path string) (subjects.Config, error)
}

// Name returns the name of the model.
func (Config) Name() string { return models.Config.Name }

// Maker serves the subjects to another process.
func (w Config) Maker() subjects.Maker { return contracts.ServeOn(contracts.Configs, w.New) }

// Start makes the configurations.
func (w Config) Start(ctx context.Context, env *Env) (Run, error) {
	configs, err := makePerKey(ctx, env, on(contracts.Configs, w.New))
	looked := make(perKey[bool], len(env.Clients))
	for _, c := range env.Clients {
		looked[c.ID] = map[string]bool{}
	}
	return &configRun{env: env, configs: configs, looked: looked}, err
}

type configRun struct {
	env     *Env
	configs perKey[contracts.At[subjects.Config]]
	looked  perKey[bool] // whether a client has looked at a key
}

// writer returns the client that changes a key. With one writer per key, the order of its
// values is known.
func (r *configRun) writer(i int) int { return r.env.Clients[i%len(r.env.Clients)].ID }

// Load makes every client look at all keys, and change its own.
func (r *configRun) Load(ctx context.Context, over <-chan struct{}) error {
	r.env.eachArrival(ctx, over, 1, func(c *Client, n int, at time.Duration, rng *rand.Rand) {
		r.arrival(ctx, c, rng, at, n)
	})
	return nil
}

// glance is how long a client waits for the next value while it has other things to do.
const glance = 30 * time.Millisecond

// arrival acts for a client at an arrival: in half of them it changes one of its own
// keys, if it has one, and in each it looks at one.
func (r *configRun) arrival(ctx context.Context, c *Client, rng *rand.Rand, at time.Duration, n int) {
	own, look, what := rng.IntN(r.env.Keys), rng.IntN(r.env.Keys), rng.IntN(8)
	for i := range r.env.Keys {
		if key := r.env.Key((own + i) % r.env.Keys); r.writer((own+i)%r.env.Keys) == c.ID && what < 4 {
			if what == 0 {
				_ = r.delete(ctx, c, key, at)
				at = 0
			}
			_ = r.set(ctx, c, key, at, fmt.Sprintf("c%d-%d", c.ID, n))
			at = 0
			break
		}
	}
	_, _ = r.observe(ctx, c, r.env.Key(look), at, glance)
}

func (r *configRun) set(ctx context.Context, c *Client, key string, at time.Duration, value string) error {
	_, err := operate(ctx, c, r.configs[c.ID][key], contracts.ConfigSet, models.Setting{Value: value}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
	return err
}

func (r *configRun) delete(ctx context.Context, c *Client, key string, at time.Duration) error {
	_, err := operate(ctx, c, r.configs[c.ID][key], contracts.ConfigDelete, contracts.None{}, Op{Key: key, Intended: at, Timeout: r.env.OpTimeout})
	return err
}

// observe asks for the next value. The touch before the first call makes sure that the
// client's server has seen the value of that time, so that an older first answer is an
// error of the recipe, not of the store.
func (r *configRun) observe(ctx context.Context, c *Client, key string, at, timeout time.Duration) (models.Setting, error) {
	if looked := r.looked[c.ID]; !looked[key] && !c.idle {
		looked[key] = c.touchFor(ctx, r.env.OpTimeout, r.env.Root) == nil
	}
	return operate(ctx, c, r.configs[c.ID][key], contracts.ConfigNext, contracts.None{}, Op{Key: key, Intended: at, Timeout: timeout})
}

// Quiesce has three parts: it sets each key several times while no client looks, creates
// each key once more while all clients wait for that, and sets it once more while none
// looks. After each part it waits until all clients were told, or have waited too long.
func (r *configRun) Quiesce(ctx context.Context) error {
	for i := range r.env.Keys {
		key, writer := r.env.Key(i), r.env.Clients[i%len(r.env.Clients)]
		value := ""
		for n := range 3 {
			value = fmt.Sprintf("set-%s-%d", key, n)
			r.setForSure(ctx, writer, key, value)
		}
		r.told(ctx, i, value, func(*Client) {})
		made := "made-" + key
		r.told(ctx, i, made, func(c *Client) { r.make(ctx, c, key, made) })
		last := "last-" + key // its new znode has the same version as the old one
		_ = r.delete(ctx, writer, key, 0)
		r.setForSure(ctx, writer, key, last)
		r.told(ctx, i, last, func(*Client) {})
	}
	err := r.env.look(history.FFinal, "final read", func(key string) (any, error) { return r.final(ctx, key) })
	r.configs.close(ctx, r.env)
	return err
}

// told makes all clients look until they have seen a value, while do makes the key's writer
// write it.
func (r *configRun) told(ctx context.Context, i int, value string, do func(writer *Client)) {
	key := r.env.Key(i)
	made := make(chan struct{})
	r.env.each(func(c *Client) {
		if r.writer(i) == c.ID {
			do(c)
			close(made)
		}
		// After the write, one whole call that waits shows whether the client is told.
		for n, until := 1, time.Duration(0); until == 0 || r.env.Record.Now() < until; n++ {
			got, err := r.observe(ctx, c, key, 0, r.env.Bound+r.env.OpTimeout)
			if err == nil && got.Value == value && !got.Absent || c.stuck != nil || !r.env.linger(ctx, n) {
				return
			}
			if until == 0 && await.Closed(made) {
				until = r.env.Record.Now() + r.env.Bound + r.env.OpTimeout
			}
		}
	})
}

// make creates the znode of a key again, with its last value, while the others wait.
func (r *configRun) make(ctx context.Context, c *Client, key, value string) {
	pause(ctx, glance)
	_ = r.delete(ctx, c, key, 0)
	pause(ctx, glance)
	r.setForSure(ctx, c, key, value)
}

// setForSure sets a key, and again after a certain failure.
func (r *configRun) setForSure(ctx context.Context, c *Client, key, value string) {
	for n, until := 1, r.env.Record.Now()+r.env.Bound; n <= liftAttempts || r.env.Record.Now() < until; n++ {
		err := r.set(ctx, c, key, 0, value)
		if err == nil || !subjects.NoEffect(err) || !pause(ctx, glance) {
			return // not repeated if it may have happened: each value is written once
		}
	}
}

// final returns what exists of a key at the end.
func (r *configRun) final(ctx context.Context, key string) (found models.Final, err error) {
	err = retry(ctx, r.env.Bound, func() (err error) {
		found, err = within(ctx, r.env.Bound, func() (models.Final, error) { return freshSetting(ctx, r.env.Admin, r.env.Path(key)) })
		return err
	})
	return found, err
}

// freshSetting returns the setting at a path. Its Register is nil if there is no znode.
func freshSetting(ctx context.Context, conn *zk.Conn, path string) (models.Final, error) {
	found, err := freshValue(ctx, conn, path)
	if errors.Is(err, zk.ErrNoNode) {
		return models.Final{}, nil
	}
	return models.Final{Register: &found}, err
}
