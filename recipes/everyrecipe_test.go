package recipes_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-zookeeper/zk"
)

// TestEveryRecipeSurvivesEveryLoss has the real client, on a server of this process, lose each
// request and each reply of a use of each recipe: all calls succeed as they do without, and leave
// the same in the tree.
func TestEveryRecipeSurvivesEveryLoss(t *testing.T) {
	for _, u := range recipeUses {
		t.Run(u.made, func(t *testing.T) {
			e, to := startEmbedded(t)
			var once sync.Once
			var without []string // what a run without losses leaves; it is the first
			everyLossOf(t, func(t *testing.T) *client { return newClientOf(t, e, to) }, func(t *testing.T, a, b *client, path string) {
				steps := u.steps(a.s, path)
				for i, s := range steps {
					within(t, s.name, s.do)
					if i == len(steps)/2 {
						otherUse(t, u, b, path)
					}
				}
				left := b.below(path)
				once.Do(func() { without = left })
				if !slices.Equal(left, without) {
					t.Errorf("left behind: %v, not %v", left, without)
				}
			})
		})
	}
}

// otherUse has b use another object beside a's: that must not matter to it, though it moves what
// their parent tells of its children.
func otherUse(t *testing.T, u recipeUse, b *client, path string) {
	if u.made == "NewBarrier" || u.made == "NewConfig" {
		return // after a lost reply these go by their parent's changes
	}
	for _, s := range u.steps(b.s, path+"-beside") {
		within(t, "beside it: "+s.name, s.do)
	}
}

var idsAndNumbers = regexp.MustCompile(`[0-9a-f]{32}|[0-9]{10}`)

// below lists what there is below a path, with data, but ids and numbers.
func (c *client) below(path string) (all []string) {
	c.t.Helper()
	if _, err := c.conn.Sync(path); err != nil {
		c.t.Fatal(err)
	}
	names, _, err := c.conn.Children(path)
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		c.t.Fatal(err)
	}
	for _, name := range names {
		child := path + "/" + name
		data, _, err := c.conn.Get(child)
		if err != nil {
			c.t.Fatal(err)
		}
		_, short, _ := strings.Cut(strings.TrimPrefix(child, "/"), "/test")
		all = append(all, idsAndNumbers.ReplaceAllString(short+"="+string(data), "*"))
		all = append(all, c.below(child)...)
	}
	slices.Sort(all)
	return all
}
