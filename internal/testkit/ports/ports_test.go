package ports

import (
	"fmt"
	"net"
	"testing"

	"github.com/zklab/zklab/internal/testkit/must"
)

// A reserved port is refused to other claims and given to servers, again and again.
func TestReserve(t *testing.T) {
	port, release, err := Reserve(2)
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	for i := range 2 {
		addr := fmt.Sprintf("127.0.0.1:%d", port+i)
		for range 2 {
			if give, err := claimOne(port + i); err == nil {
				give()
				t.Errorf("%s is claimed twice", addr)
			}
			l := must.Get(net.Listen("tcp", addr))(t)
			if give, err := claimOne(port + i); err == nil {
				give()
				t.Errorf("%s is claimed while a server listens", addr)
			}
			l.Close()
			if c, err := net.Dial("tcp", addr); err == nil {
				c.Close()
				t.Errorf("the claim of %s listens", addr)
			}
		}
	}
	if other, give, err := Reserve(2); err != nil || other == port {
		t.Errorf("%d after %d, %v", other, port, err)
	} else {
		give()
	}
}
