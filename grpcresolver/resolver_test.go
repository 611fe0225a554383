package grpcresolver_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/serviceconfig"
	"google.golang.org/grpc/status"

	"github.com/zklab/zklab/ensemble/embedded"
	"github.com/zklab/zklab/grpcresolver"
	"github.com/zklab/zklab/recipes"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	timeout  = 20 * time.Second // of sessions: no test waits for a session to expire
	patience = time.Minute
)

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// ensemble starts servers of ZooKeeper in this process.
func ensemble(t *testing.T) *embedded.Ensemble {
	t.Helper()
	e, err := embedded.Start(embedded.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

// connect returns a session and its connection.
func connect(t *testing.T, e *embedded.Ensemble) (*recipes.Client, *zk.Conn) {
	t.Helper()
	conn, events, err := zk.Connect(e.Addrs(), timeout, zk.WithLogger(quiet{}), zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	s := recipes.NewClient(conn, events, timeout)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		conn.Close()
	})
	return s, conn
}

// serve starts a server with only the health service, and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// client dials a service.
func client(t *testing.T, s *recipes.Client, target string) grpc_health_v1.HealthClient {
	t.Helper()
	conn, err := grpc.NewClient(target, grpc.WithResolvers(grpcresolver.NewBuilder(s)),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
	})
	return grpc_health_v1.NewHealthClient(conn)
}

// called makes a call, and returns the address that answered.
func called(t *testing.T, c grpc_health_v1.HealthClient, options ...grpc.CallOption) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var p peer.Peer
	_, err := c.Check(ctx, &grpc_health_v1.HealthCheckRequest{}, append(options, grpc.Peer(&p))...)
	if err != nil {
		return "", err
	}
	return p.Addr.String(), nil
}

// reaches waits until several calls in a row are answered by exactly these servers, each answering at
// least one.
func reaches(t *testing.T, c grpc_health_v1.HealthClient, want ...string) {
	t.Helper()
	var got map[string]bool
	for began := time.Now(); time.Since(began) < patience; time.Sleep(20 * time.Millisecond) {
		got = map[string]bool{}
		for range 10 {
			addr, err := called(t, c, grpc.WaitForReady(true))
			if err != nil {
				t.Fatal(err)
			}
			got[addr] = true
		}
		all := len(got) == len(want)
		for _, addr := range want {
			all = all && got[addr]
		}
		if all {
			return
		}
	}
	t.Fatalf("reached %v, want %v", got, want)
}

func register(t *testing.T, s *recipes.Service, addr string) *recipes.Registration {
	t.Helper()
	r, err := s.Register(t.Context(), recipes.Instance{Address: addr})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestCallsGoToThoseWhoAreThere registers servers, withdraws them, and ends the session of one.
func TestCallsGoToThoseWhoAreThere(t *testing.T) {
	e := ensemble(t)
	one, _ := connect(t, e)
	two, dies := connect(t, e)
	mine, _ := connect(t, e)
	a, b := serve(t), serve(t)
	const path = "/services/web"

	c := client(t, mine, "zk://"+path)
	first := register(t, recipes.NewService(one, path), a)
	reaches(t, c, a)
	register(t, recipes.NewService(two, path), b)
	reaches(t, c, a, b)

	if err := first.Unregister(t.Context()); err != nil {
		t.Fatal(err)
	}
	reaches(t, c, b)

	register(t, recipes.NewService(one, path), a)
	reaches(t, c, a, b)
	dies.Close() // also closes its session
	reaches(t, c, a)
}

// TestOtherFormats: calls go to instances that Curator and serversets register, but not to disabled ones.
func TestOtherFormats(t *testing.T) {
	s, conn := connect(t, ensemble(t))
	a, b, off := serve(t), serve(t), serve(t)
	c := client(t, s, "zk:///web")
	write := func(name, format, addr string, more ...any) {
		t.Helper()
		host, port, err := net.SplitHostPort(addr)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Create(name, fmt.Appendf(nil, format, append([]any{host, port}, more...)...), 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
	}
	const member = `{"serviceEndpoint":{"host":%q,"port":%s},"additionalEndpoints":{},"status":%q}`
	if _, err := conn.Create("/web", nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
		t.Fatal(err)
	}
	write("/web/c", `{"name":"web","id":"c","address":%q,"port":%s,"sslPort":null}`, a)
	reaches(t, c, a)
	write("/web/text", "%s %s", off)
	write("/web/member_0", member, off, "STOPPING")
	write("/web/member_1", member, b, "ALIVE")
	reaches(t, c, a, b)
}

// TestNobodyThere: calls fail at once, unless they wait for a server.
func TestNobodyThere(t *testing.T) {
	e := ensemble(t)
	s, _ := connect(t, e)
	c := client(t, s, "zk:///services/none")
	if _, err := called(t, c); status.Code(err) != codes.Unavailable {
		t.Errorf("call: %v", err)
	}
}

func TestTargetsThatAreNone(t *testing.T) {
	for _, target := range []string{"zk://host/services/web", "zk:///", "zk:", "zk:///services/web/", "zk:///services//web", "zk:///services/../web"} {
		u, err := url.Parse(target)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := grpcresolver.NewBuilder(nil).Build(resolver.Target{URL: *u}, nil, resolver.BuildOptions{}); err == nil {
			t.Errorf("%s: no error", target)
		}
	}
}

// told is a client connection of gRPC that records what a resolver reports to it.
type told struct {
	states chan resolver.State
	errs   chan error
}

func (c told) UpdateState(s resolver.State) error { c.states <- s; return nil }
func (c told) ReportError(err error)              { c.errs <- err }
func (told) NewAddress([]resolver.Address)        {}
func (told) ParseServiceConfig(string) *serviceconfig.ParseResult {
	return &serviceconfig.ParseResult{Err: errors.New("none")}
}

// TestResolverTells: it reports instances with their metadata, refusals, and the end.
func TestResolverTells(t *testing.T) {
	e := ensemble(t)
	s, _ := connect(t, e)
	mine, conn := connect(t, e)
	c := told{make(chan resolver.State, 10), make(chan error, 10)}
	r, err := grpcresolver.NewBuilder(mine).Build(resolver.Target{URL: url.URL{Scheme: "zk", Path: "/services/web"}}, c, resolver.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if got := within(t, c.states); len(got.Endpoints) != 0 {
		t.Errorf("was told of %v", got)
	}
	want := recipes.Instance{ID: "a", Address: "10.0.0.7:8080", Metadata: map[string]string{"zone": "eu"}}
	if _, err := recipes.NewService(s, "/services/web").Register(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	got := within(t, c.states)
	if len(got.Endpoints) != 1 || fmt.Sprint(got.Endpoints[0].Addresses[0].Addr) != want.Address {
		t.Fatalf("was told of %v", got)
	}
	if in, ok := grpcresolver.InstanceOf(got.Endpoints[0]); !ok || !in.Equal(want) {
		t.Errorf("instance %v, %v", in, ok)
	}
	if _, ok := grpcresolver.InstanceOf(resolver.Endpoint{}); ok {
		t.Error("an endpoint of somebody else is of an instance")
	}
	conn.Close()
	if err := within(t, c.errs); !errors.Is(err, recipes.ErrClosed) {
		t.Errorf("was told of %v", err)
	}
}

// TestResolverLeavesOutWhatIsOff: the resolver reports only the instance that clients may call.
func TestResolverLeavesOutWhatIsOff(t *testing.T) {
	s, conn := connect(t, ensemble(t))
	for _, z := range []struct{ path, data string }{
		{"/web", ""},
		{"/web/disabled", `{"name":"web","id":"disabled","address":"10.0.0.1","port":80,"enabled":false}`},
		{"/web/spring", `{"name":"web","id":"spring","address":"10.0.0.2","port":80,"payload":{"metadata":{"instance_status":"OUT_OF_SERVICE"}}}`},
		{"/web/dubbo", `{"name":"web","id":"dubbo","address":"10.0.0.3","port":80,"payload":{"metadata":{"dubbo.metadata.revision":"0"}}}`},
		{"/web/member_0", `{"serviceEndpoint":{"host":"10.0.0.4","port":80},"status":"STARTING"}`},
		{"/web/up", `{"name":"web","id":"up","address":"10.0.0.5","port":80,"payload":{"metadata":{"instance_status":"UP"}}}`},
	} {
		if _, err := conn.Create(z.path, []byte(z.data), 0, zk.WorldACL(zk.PermAll)); err != nil {
			t.Fatal(err)
		}
	}
	c := told{make(chan resolver.State, 10), make(chan error, 10)}
	r, err := grpcresolver.NewBuilder(s).Build(resolver.Target{URL: url.URL{Scheme: "zk", Path: "/web"}}, c, resolver.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got := within(t, c.states)
	if len(got.Endpoints) != 1 || got.Endpoints[0].Addresses[0].Addr != "10.0.0.5:80" {
		t.Errorf("was told of %v", got)
	}
}

// TestResolverReportsRefusals: if the client may not read a service, the resolver reports this at each
// attempt.
func TestResolverReportsRefusals(t *testing.T) {
	e := ensemble(t)
	s, conn := connect(t, e)
	if _, err := conn.Create("/secret", nil, 0, zk.DigestACL(zk.PermAll, "somebody", "else")); err != nil {
		t.Fatal(err)
	}
	c := told{make(chan resolver.State, 10), make(chan error, 10)}
	r, err := grpcresolver.NewBuilder(s).Build(resolver.Target{URL: url.URL{Scheme: "zk", Path: "/secret"}}, c, resolver.BuildOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for range 2 {
		if err := within(t, c.errs); !errors.Is(err, zk.ErrNoAuth) {
			t.Errorf("was told of %v", err)
		}
	}
}

func within[T any](t *testing.T, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatal("was told of nothing")
	}
	return v
}
