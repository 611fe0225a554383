// Package grpcresolver lets gRPC clients dial services that are registered in ZooKeeper: by
// [recipes.Service], Apache Curator's service discovery, or as serversets; see [recipes.Directory]. It
// only turns a service's instances into addresses; which of them a call goes to, and whether a server
// answers, is up to gRPC.
//
//	conn, err := grpc.NewClient("zk:///services/web",
//		grpc.WithResolvers(grpcresolver.NewBuilder(client)),
//		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
//		…)
//
// dials the instances of the service on the path /services/web.
package grpcresolver

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"time"

	"google.golang.org/grpc/attributes"
	"google.golang.org/grpc/grpclog"
	"google.golang.org/grpc/resolver"

	"github.com/zklab/zklab/recipes"
)

// Scheme is the scheme of the targets that a [Builder] resolves.
const Scheme = "zk"

// Builder makes resolvers of targets zk:///path, where path is the path of a service. It is safe for
// concurrent use.
type Builder struct{ client *recipes.Client }

var _ resolver.Builder = (*Builder)(nil)

// NewBuilder returns a builder whose resolvers look services up with a client of recipes. Close the gRPC
// connections before the client: once the client is closed, they keep the addresses that they have.
func NewBuilder(c *recipes.Client) *Builder { return &Builder{c} }

// Scheme returns "zk".
func (b *Builder) Scheme() string { return Scheme }

// Build begins to follow the service of a target. A target with a host is an error: the
// client knows the servers of ZooKeeper.
func (b *Builder) Build(target resolver.Target, cc resolver.ClientConn, _ resolver.BuildOptions) (resolver.Resolver, error) {
	if target.URL.Host != "" {
		return nil, fmt.Errorf("target %s names the host %s: write %s:///path, the servers are those of the client", &target.URL, target.URL.Host, Scheme)
	}
	if len(target.URL.Path) < 2 {
		return nil, fmt.Errorf("target %s has no path: write %s:///path, such as %[2]s:///services/web", &target.URL, Scheme)
	}
	if clean := path.Clean(target.URL.Path); clean != target.URL.Path {
		return nil, fmt.Errorf("the path of target %s is none of a znode: write %s://%s", &target.URL, Scheme, clean)
	}
	ctx, stop := context.WithCancel(context.Background())
	r := &follower{path: target.URL.Path, directory: recipes.NewDirectory(b.client, target.URL.Path), cc: cc, stop: stop, done: make(chan struct{})}
	go r.follow(ctx)
	return r, nil
}

// follower tells a gRPC connection about the instances of a service.
type follower struct {
	path      string
	directory *recipes.Directory
	cc        resolver.ClientConn
	stop      context.CancelFunc
	done      chan struct{} // closed when follow has ended

	told       []recipes.Instance // nil before the first update
	unreadable []recipes.Unreadable
}

// again is the pause after an error before the follower looks again.
const again = time.Second

// follow follows the service until the client is closed. It goes on after an error, such as a missing
// permission.
func (r *follower) follow(ctx context.Context) {
	defer close(r.done)
	for {
		for listing, err := range r.directory.Changes(ctx) {
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				r.cc.ReportError(err)
			} else {
				r.warn(listing.Unreadable)
				r.update(listing.Instances)
			}
			if errors.Is(err, recipes.ErrClosed) {
				return
			}
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return
		}
	}
}

// update passes instances on to gRPC. It also passes on an empty list: gRPC's balancer then fails calls
// that do not wait for a server. It ignores gRPC's answer, which asks to resolve again: that would
// return nothing new.
func (r *follower) update(instances []recipes.Registered) {
	now := make([]recipes.Instance, 0, len(instances))
	for _, in := range instances {
		now = append(now, in.Instance)
	}
	if r.told != nil && slices.EqualFunc(now, r.told, recipes.Instance.Equal) {
		return // the change was an instance that is off or cannot be read
	}
	r.told = now
	state := resolver.State{Endpoints: make([]resolver.Endpoint, 0, len(instances))}
	for _, in := range now {
		state.Endpoints = append(state.Endpoints, resolver.Endpoint{
			Addresses:  []resolver.Address{{Addr: in.Address}},
			Attributes: attributes.New(key{}, instance{in}),
		})
	}
	_ = r.cc.UpdateState(state)
}

// logger is gRPC's logger; see the environment variable GRPC_GO_LOG_SEVERITY_LEVEL.
var logger = grpclog.Component("zk")

// warn logs the znodes that cannot be read, each once.
func (r *follower) warn(unreadable []recipes.Unreadable) {
	for _, u := range unreadable {
		if !slices.Contains(r.unreadable, u) {
			logger.Warningf("%s cannot be read: %s", path.Join(r.path, u.Znode), u.Reason)
		}
	}
	r.unreadable = unreadable
}

// key is the key of an instance in the attributes of its endpoint.
type key struct{}

// instance is an attribute's value, which gRPC compares to find out whether an endpoint has changed.
type instance struct{ recipes.Instance }

// Equal reports whether another value is the same instance in everything.
func (i instance) Equal(other any) bool {
	o, ok := other.(instance)
	return ok && i.Instance.Equal(o.Instance)
}

// InstanceOf returns the instance of an endpoint, for balancers that use its metadata; false if no
// resolver of this package made the endpoint.
func InstanceOf(e resolver.Endpoint) (recipes.Instance, bool) {
	i, ok := e.Attributes.Value(key{}).(instance)
	return i.Instance, ok
}

// ResolveNow does nothing: the follower learns of changes by itself.
func (r *follower) ResolveNow(resolver.ResolveNowOptions) {}

// Close stops following the service, and waits until follow has ended.
func (r *follower) Close() {
	r.stop()
	<-r.done
	ctx, cancel := context.WithTimeout(context.Background(), again)
	defer cancel()
	_ = r.directory.Close(ctx) // its calls have ended, so there is nothing to wait for
}
