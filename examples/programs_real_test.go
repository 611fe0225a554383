//go:build real

package examples

import (
	"testing"

	"github.com/zklab/zklab/internal/testkit/dockertest"
)

// The programs do the same with Apache ZooKeeper as with embedded servers. All rows share its servers; those
// that kill servers follow the others. (Servers of ZooKeeper 3.9.3 can disagree after one leader after the
// other was killed under load, ZOOKEEPER-4925. So the rows that compare servers come first.)
func TestRealPrograms(t *testing.T) {
	dockertest.Require(t)
	e := up(t, "--ensemble", "container")
	t.Run("shared", func(t *testing.T) {
		for _, r := range rows {
			if !r.alone {
				t.Run(r.name, func(t *testing.T) {
					t.Parallel()
					r.run(t, e)
				})
			}
		}
	})
	for _, r := range rows {
		if r.alone && !r.embedded {
			t.Run(r.name, func(t *testing.T) { r.run(t, e) })
			e.control(t, "start", "all")
		}
	}
}
