package styles_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/zklab/zklab/internal/testkit/testmain"
)

// go-zookeeper (v1.0.4) sometimes leaves a goroutine when a connection is closed while a request is
// under way: up to three answers are sent to a channel with room for two and without a reader
// (queueRequest, sendData, flushRequests).
func TestMain(m *testing.M) {
	testmain.Main(m, goleak.IgnoreAnyFunction("github.com/go-zookeeper/zk.(*Conn).flushRequests"))
}
