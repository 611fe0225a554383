package words

import (
	"fmt"
	"strings"

	"github.com/zklab/zklab/checker"
	"github.com/zklab/zklab/internal/base/prose"
)

// Leftovers counts what clients left behind, by kind.
func Leftovers(l *checker.Leftovers) string {
	var parts []string
	for _, p := range []struct {
		n    int
		what string
	}{{l.Persistent, "persistent znode"}, {l.Ephemeral, "ephemeral znode"}, {l.Swept, "container or TTL znode"}} {
		if p.n > 0 {
			parts = append(parts, Plural(p.n, p.what))
		}
	}
	if parts == nil {
		parts = append(parts, "no znode")
	}
	if l.Watches > 0 {
		parts = append(parts, fmt.Sprintf("%s %s", prose.Grouped(l.Watches), map[bool]string{true: "watch", false: "watches"}[l.Watches == 1]))
	}
	return strings.Join(parts, ", ")
}
