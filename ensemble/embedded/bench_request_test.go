package embedded_test

import (
	"fmt"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// BenchmarkRequests measures the cost of requests of 50 clients, also in memory.
func BenchmarkRequests(b *testing.B) {
	for _, k := range kinds[:2] {
		c := must.Get(k.prepare(b)())(b)
		defer c.close()
		clients := must.Get(c.crew(b.Context(), 50))(b)
		defer clients.close()
		paths := must.Get(clients.nodes("/node"))(b)
		for _, load := range loads(paths) {
			b.Run(fmt.Sprintf("server=%s/load=%s-%d", k.name, load.name, load.depth), func(b *testing.B) {
				b.ReportAllocs()
				must.Do(b, clients.run(b.N, load.depth, load.next))
			})
		}
	}
}
