// Package recipes has coordination recipes for ZooKeeper: locks, queues, barriers, elections and
// more, each in files that begin with its name. They keep their promises when replies are lost,
// when sessions expire and when callers give up. The packages of recipes/internal have what the
// recipes share. The recipes work without the rest of zklab: the package imports nothing else of it
// but internal/virtual/jitter.
//
// Start with a [Client]. It wraps a *zk.Conn and knows which ZooKeeper session the connection is
// on. Make recipes with a client and a path:
//
//	conn, events, err := zk.Connect(servers, 10*time.Second)
//	client := recipes.NewClient(conn, events, 10*time.Second)
//	lock := recipes.NewLock(client, "/app/lock")
//	err = lock.Do(ctx, func(ctx context.Context) error { … })
//
// Close the recipes first, then the client, then the connection. The folder examples has whole
// programs.
//
// # Contexts
//
// Every call takes a context and returns soon after the context ends. A call may leave something in
// the tree, such as a contender whose create request is under way. The recipe removes it in the
// background, and its Close waits for that.
//
// # Errors
//
// Errors are of type [*Error]. They wrap a sentinel of this package, the error of the context or an
// error of go-zookeeper: use errors.Is. A Do returns the error of its function as it is, in a
// [*JobError] if there is a job. If the method NoEffect of an error returns true, the call certainly
// had no effect. After any other error it may have had one. The comment of each method says more.
//
// # Rights
//
// Every client may do everything with the znodes of recipes, unless [WithACL] says otherwise. If a
// server refuses a request for want of rights, the call fails at once, and its error names the
// request and the znode ([Refusal]). Close fails then, too, instead of waiting. The client goes on
// trying to remove what it could not remove, until it is closed: the rights may come back.
//
//	err := conn.AddAuth("digest", []byte("app:secret"))
//	client := recipes.NewClient(conn, events, timeout, recipes.WithACL(zk.DigestACL(zk.PermAll, "app", "secret")...))
//
// # Statistics and logs
//
// [Client.Stats] counts what the recipes of a client do, such as retries and lost holds. [WithLogger]
// makes the client log unusual events to a log/slog.Logger.
//
// # Sessions
//
// A recipe counts a znode as its own only if the ephemeralOwner of the znode is the session in which
// the operation began. go-zookeeper keeps requests while it is disconnected, so a create request of
// one session can be carried out in the next one. The recipes detect and remove such znodes.
//
// A hold (of a lock, of leadership, of a lease) ends with its session. The channel Lost tells the
// holder: it closes when the session is gone, or when no quorum has answered the client for one
// session timeout, measured from when the last answered request was sent. From then on the servers
// may have given the hold to another client. No client can know it earlier. The context of a Do's
// function, such as that of [Lock.Do], ends with the hold, so most programs do not need Lost. The
// calls of *zk.Conn take no context, and can wait for a server for longer than the hold lasts;
// [Client.Get] and [Client.Multi] end with the context. A process that is stopped (or a machine that
// sleeps) for longer than its session timeout can act on a lock that it no longer has. Where that
// matters, hand the fencing token ([Fence]) to the resource and let it refuse lower tokens, or write
// to ZooKeeper itself with [Client.Multi], which checks in the same multi that the hold lasts.
//
// # Sequence numbers
//
// Contenders and items stand in the order of the numbers that ZooKeeper gives to sequential znodes. Such a
// number is a signed 32-bit integer. The counter of a znode goes up with each child that is ever created
// below it. It stops at 2147483647, and all later children get that number; behind a create that is still
// under way they can get a negative one. From then on, what depends on the order is not promised any more:
// two clients may hold one [Lock], [RWLock], [MultiLock] or [Election], a [Semaphore] may have too many
// holders, and queues no longer keep the order of their items. With a thousand contenders a second that takes
// 24 days. Before it happens, take another path, or delete the path while no client uses it: the counter of a
// new znode begins at 0.
package recipes
