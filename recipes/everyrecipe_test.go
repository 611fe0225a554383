package recipes_test

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes"
)

// TestEveryRecipeSurvivesEveryLoss uses each recipe with the real client, on a server of this
// process, and loses each request, each reply and every two replies in a row: all calls succeed as
// they do without losses, and leave the same in the tree.
func TestEveryRecipeSurvivesEveryLoss(t *testing.T) {
	for _, u := range recipeUses {
		t.Run(u.made, func(t *testing.T) {
			leaves := &leaves{}
			everyBlow(t, simulated, slices.Concat(losses, twoReplies), leaves.same(u))
		})
	}
}

// leaves records what the first use of a recipe leaves in the tree. Every other use must
// leave the same.
type leaves struct {
	sync.Mutex
	known bool
	left  []string
}

// same makes a take all steps of a use, and b use another object meanwhile.
func (l *leaves) same(u recipeUse) scenario {
	return func(t *testing.T, a, b *client, path string) {
		steps := u.steps(a.s, path)
		for i, s := range steps {
			within(t, s.name, s.do)
			if i == len(steps)/2 {
				otherUse(t, u, b, path)
			}
		}
		left := b.below(path)
		l.Lock()
		defer l.Unlock()
		if !l.known {
			l.known, l.left = true, left
		}
		if !slices.Equal(left, l.left) {
			t.Errorf("left behind: %v, not %v", left, l.left)
		}
	}
}

// otherUse makes b use another object beside a's. That must not matter to a, although it changes
// the stat of their common parent.
func otherUse(t *testing.T, u recipeUse, b *client, path string) {
	if goByParent[u.made] {
		return
	}
	for _, s := range u.steps(b.s, path+"-beside") {
		within(t, "beside it: "+s.name, s.do)
	}
}

// goByParent are the recipes that consider their parent's changes after a lost reply.
var goByParent = map[string]bool{"NewBarrier": true, "NewConfig": true}

// TestEveryRecipeUnderContention makes two clients use the same object at once. One request of
// one client is lost, or its reply, or two replies, or its session ends, or its caller gives up.
// That caller may be told of it, and the other client is not kept from anything.
func TestEveryRecipeUnderContention(t *testing.T) {
	for _, u := range recipeUses {
		if u.made == "NewBarrier" {
			continue // a client that waits for the lift depends on the other client's steps
		}
		t.Run(u.made, func(t *testing.T) {
			everyBlow(t, simulated, slices.Concat(losses, twoReplies, interrupts), contend(u))
		})
	}
}

// contend makes a and b take the same steps at once. An error that tells a of the interruption
// ends its part. b takes all of its steps, and once more when a has closed.
func contend(u recipeUse) scenario {
	return func(t *testing.T, a, b *client, path string) {
		beside := make(chan struct{})
		go func() {
			defer close(beside)
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			inTurn(ctx, u.steps(b.s, path), func(name string, err error) bool {
				t.Errorf("beside it: %s: %v", name, err)
				return true
			})
		}()
		steps := u.steps(a.s, path)
		last := steps[len(steps)-1]
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		a.calls(cancel)
		inTurn(ctx, steps[:len(steps)-1], func(name string, err error) bool {
			if a.interrupted.Load() && (errors.Is(err, context.Canceled) || endsWithSession(err)) {
				return false
			}
			if !goByParent[u.made] || !errors.Is(err, recipes.ErrUnknown) {
				t.Errorf("%s: %v", name, err)
			}
			return true
		})
		within(t, last.name, last.do)
		<-beside
		for _, s := range u.steps(b.s, path) {
			within(t, "after it: "+s.name, s.do)
		}
		if left := b.ephemerals(path); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// inTurn takes one step after the other, until failed reports that the steps end with an error.
// A client that only tried may have got nothing, and then has nothing to give back.
func inTurn(ctx context.Context, steps []step, failed func(name string, err error) (goOn bool)) {
	tried := false
	for _, s := range steps {
		tried = tried || strings.HasPrefix(s.name, "try")
		err := s.do(ctx)
		if err == nil || tried && (errors.Is(err, recipes.ErrNotHeld) || errors.Is(err, recipes.ErrEmpty)) {
			continue
		}
		if !failed(s.name, err) {
			return
		}
	}
}

// endsWithSession reports whether a call was told that what it had, or was about to have, ended with
// its session.
func endsWithSession(err error) bool {
	return errors.Is(err, recipes.ErrLost) || errors.Is(err, recipes.ErrSessionLost)
}

// ephemerals returns the ephemeral znodes below a path.
func (c *client) ephemerals(path string) (all []string) {
	c.t.Helper()
	if _, err := c.conn.Sync(path); err != nil {
		c.t.Fatal(err)
	}
	for _, child := range c.allBelow(path) {
		_, stat, err := c.conn.Exists(child)
		if err != nil {
			c.t.Fatal(err)
		}
		if stat.EphemeralOwner != 0 {
			all = append(all, child)
		}
	}
	return all
}

// allBelow returns all znodes below a path.
func (c *client) allBelow(path string) (all []string) {
	c.t.Helper()
	names, _, err := c.conn.Children(path)
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		c.t.Fatal(err)
	}
	for _, name := range names {
		child := path + "/" + name
		all = append(append(all, child), c.allBelow(child)...)
	}
	return all
}

var idsAndNumbers = regexp.MustCompile(`[0-9a-f]{32}|[0-9]{10}`)

// below lists what exists below a path, with its data, but without ids and numbers.
func (c *client) below(path string) (all []string) {
	c.t.Helper()
	if _, err := c.conn.Sync(path); err != nil {
		c.t.Fatal(err)
	}
	for _, child := range c.allBelow(path) {
		data, _, err := c.conn.Get(child)
		if err != nil {
			c.t.Fatal(err)
		}
		_, short, _ := strings.Cut(strings.TrimPrefix(child, "/"), "/test")
		all = append(all, idsAndNumbers.ReplaceAllString(short+"="+string(data), "*"))
	}
	slices.Sort(all)
	return all
}
