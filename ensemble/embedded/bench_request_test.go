package embedded_test

import (
	"fmt"
	"testing"
)

// BenchmarkRequests measures the cost of requests of 50 clients, also in memory.
func BenchmarkRequests(b *testing.B) {
	for _, k := range kinds[:2] {
		c, err := k.prepare(b)()
		if err != nil {
			b.Fatal(err)
		}
		defer c.close()
		clients, err := c.crew(b.Context(), 50)
		if err != nil {
			b.Fatal(err)
		}
		defer clients.close()
		paths, err := clients.nodes("/node")
		if err != nil {
			b.Fatal(err)
		}
		for _, load := range loads(paths) {
			b.Run(fmt.Sprintf("server=%s/load=%s-%d", k.name, load.name, load.depth), func(b *testing.B) {
				b.ReportAllocs()
				if err := clients.run(b.N, load.depth, load.next); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
