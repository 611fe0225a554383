package recipes_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/zklab/zklab/recipes"
)

// Close recipes before their client, and the client before its connection.
func Example() {
	conn, events, err := zk.Connect([]string{"127.0.0.1:2181"}, 10*time.Second)
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	client := recipes.NewClient(conn, events, 10*time.Second)
	defer client.Close(ctx)
	if err := client.Await(ctx); err != nil { // is there a server at all?
		log.Fatal(err)
	}

	lock := recipes.NewLock(client, "/app/lock")
	defer lock.Close(ctx)
	err = lock.Do(ctx, func(ctx context.Context) error {
		fmt.Println("locked, token", recipes.Fence(ctx))
		return ctx.Err() // it ends when the lock is lost
	})
	if err != nil {
		log.Print(err)
	}
}

// Work under a lock stops when the lock is lost.
func ExampleLock_Do() {
	var lock *recipes.Lock // see the example of the package
	err := lock.Do(context.Background(), func(ctx context.Context) error {
		return writeAll(ctx, recipes.Fence(ctx)) // the token goes with each write
	})
	if errors.Is(err, recipes.ErrLost) {
		log.Print("somebody else may have worked at the same time")
	}
}

func writeAll(context.Context, int64) error { return nil }

// Once the lock is lost, the servers refuse what the holder writes to ZooKeeper itself.
func ExampleClient_Multi() {
	var client *recipes.Client // see the example of the package
	var lock *recipes.Lock
	err := lock.Do(context.Background(), func(ctx context.Context) error {
		data, stat, err := client.Get(ctx, "/app/state")
		if err != nil {
			return err
		}
		return client.Multi(ctx, &zk.SetDataRequest{Path: "/app/state", Data: append(data, '.'), Version: stat.Version})
	})
	if err != nil {
		log.Print(err)
	}
}

// A change is applied only to the setting that was read.
func ExampleConfig_SetIf() {
	var config *recipes.Config // made by NewConfig
	ctx := context.Background()
	s, err := config.Get(ctx)
	for err == nil {
		err = config.SetIf(ctx, append(s.Data, '.'), s)
		conflict, is := errors.AsType[*recipes.ConflictError](err)
		if !is {
			break
		}
		s, err = conflict.Now, nil
	}
	if err != nil {
		log.Print(err)
	}
}

// A producer that does not know whether it has put a job puts it again.
func ExampleJobQueue_PutOnce() {
	var jobs *recipes.JobQueue // made by NewJobQueue
	ctx := context.Background()
	id, err := jobs.PutOnce(ctx, "invoice 2026-117", []byte("customer 42"))
	for errors.Is(err, recipes.ErrUnknown) {
		id, err = jobs.PutOnce(ctx, "invoice 2026-117", []byte("customer 42"))
	}
	if err != nil {
		log.Print(err)
		return
	}
	if _, err := jobs.Result(ctx, id); err == nil {
		fmt.Println("sent")
	}
}

// What only one client may do at a time is done unless another client is doing it.
func ExampleLock_TryLock() {
	var lock *recipes.Lock // see the example of the package
	ctx := context.Background()
	locked, err := lock.TryLock(ctx)
	if err != nil || !locked {
		return
	}
	fmt.Println("cleaning up, token", lock.Fence())
	if err := lock.Unlock(ctx); errors.Is(err, recipes.ErrLost) {
		log.Print("somebody else may have cleaned up at the same time")
	}
}

// Several locks are taken at once, in whatever order they are named.
func ExampleMultiLock_Do() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	both := recipes.NewMultiLock(client, "/accounts/42", "/accounts/7")
	defer both.Close(ctx)
	err := both.Do(ctx, func(ctx context.Context) error {
		return writeAll(ctx, recipes.Fence(ctx)) // one token for both
	})
	if err != nil {
		log.Print(err)
	}
}

// Members share the shards of an index among themselves.
func ExampleSetPartitioner_DoEach() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	shards := recipes.NewSetPartitioner(client, "/app/shards", []string{"0", "1", "2", "3"})
	defer shards.Close(ctx)
	err := shards.DoEach(ctx, func(ctx context.Context, items []string) error {
		fmt.Println("serving", items, "token", recipes.Fence(ctx))
		<-ctx.Done() // other shards are due to this member
		return nil
	})
	if err != nil {
		log.Print(err)
	}
}

// A leader whose session is lost stands again.
func ExampleElection_Do() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	election := recipes.NewElection(client, "/app/leader", "host-1:8080")
	defer election.Close(ctx)
	for {
		err := election.Do(ctx, func(ctx context.Context) error {
			fmt.Println("leading, token", recipes.Fence(ctx))
			<-ctx.Done()
			return nil
		})
		if !errors.Is(err, recipes.ErrLost) {
			return
		}
	}
}

func ExampleQueue() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	queue := recipes.NewQueue(client, "/app/queue")
	defer queue.Close(ctx)
	err := queue.Put(ctx, []byte("job 1"))
	switch {
	case errors.Is(err, recipes.ErrUnknown):
		log.Print("job 1 may be in the queue or not")
	case err != nil:
		log.Print("job 1 is not in the queue: ", err)
	}
	job, err := queue.Take(ctx)
	if err == nil {
		fmt.Printf("do %s\n", job)
	}
}

func ExamplePriorityQueue() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	queue := recipes.NewPriorityQueue(client, "/app/jobs")
	defer queue.Close(ctx)
	_ = queue.Put(ctx, 9, []byte("tidy up"))
	_ = queue.Put(ctx, 1, []byte("put out the fire"))
	job, err := queue.Take(ctx)
	if err == nil {
		fmt.Printf("do %s first\n", job)
	}
}

func ExampleDelayQueue() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	queue := recipes.NewDelayQueue(client, "/app/reminders")
	defer queue.Close(ctx)
	_ = queue.Put(ctx, time.Now().Add(time.Hour), []byte("stretch your legs"))
	reminder, err := queue.Take(ctx) // in an hour
	if err == nil {
		fmt.Printf("%s\n", reminder)
	}
}

func ExampleJobQueue() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	jobs := recipes.NewJobQueue(client, "/app/jobs", 3)
	defer jobs.Close(ctx)
	id, err := jobs.Put(ctx, []byte("2 + 3"))
	if err != nil {
		return
	}
	// Some worker, here or elsewhere:
	_ = jobs.Do(ctx, func(_ context.Context, job *recipes.Job) (result []byte, err error) {
		fmt.Printf("compute %s, attempt %d\n", job.Data, job.Attempt)
		return []byte("5"), nil
	})
	result, err := jobs.Result(ctx, id)
	if errors.Is(err, recipes.ErrDead) {
		fmt.Println("nobody could do it")
	}
	fmt.Printf("the result is %s\n", result)
	_ = jobs.Forget(ctx, id)
}

func ExampleGroup() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	group := recipes.NewGroup(client, "/app/workers")
	defer group.Close(ctx)
	if err := group.Join(ctx, []byte("10.0.0.7:8080")); err != nil {
		return
	}
	for change, err := range group.Changes(ctx) {
		if err != nil {
			return
		}
		fmt.Printf("%d workers, %d of them new\n", len(change.Members), len(change.Joined))
	}
}

// A server registers its address, and a client calls one server after the other.
func ExampleService() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	web := recipes.NewService(client, "/services/web")
	defer web.Close(ctx)
	registration, err := web.Register(ctx, recipes.Instance{Address: "10.0.0.7:8080"})
	if err != nil {
		return
	}
	defer registration.Unregister(ctx)

	picker := web.Picker(recipes.RoundRobin())
	defer picker.Close()
	if in, err := picker.Pick(ctx); err == nil {
		fmt.Printf("call %s at %s\n", in.ID, in.Address)
	}
}

func ExampleBarrier() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	barrier := recipes.NewBarrier(client, "/app/maintenance")
	defer barrier.Close(ctx)
	if err := barrier.Await(ctx); err == nil {
		fmt.Println("no maintenance now")
	}
}

func ExampleDoubleBarrier() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	step := recipes.NewDoubleBarrier(client, "/app/step", 3)
	defer step.Close(ctx)
	if err := step.Enter(ctx); err != nil {
		return
	}
	fmt.Println("all three are here")
	if err := step.Leave(ctx); err == nil {
		fmt.Println("all three are done")
	}
}

// A writer goes on as a reader, and makes room when another client asks for the lock.
func ExampleRWLock_Downgrade() {
	var lock *recipes.RWLock // made by NewRWLock
	err := lock.Do(context.Background(), func(ctx context.Context) error {
		if err := writeAll(ctx, recipes.Fence(ctx)); err != nil {
			return err
		}
		if err := lock.Downgrade(ctx); err != nil { // others may read from now on
			return err
		}
		select {
		case <-lock.Revoked():
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	if err != nil {
		log.Print(err)
	}
}

// A process reads its copy, and is told of each change.
func ExampleCache() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	flags := recipes.NewCache(client, "/app/flags")
	defer flags.Close(ctx)
	if err := flags.Start(); err != nil {
		return
	}
	if err := flags.Current(ctx); err != nil { // wait until the copy is up to date
		return
	}
	if flag, ok := flags.Get("/app/flags/dark-mode"); ok {
		fmt.Printf("dark mode is %s\n", flag.Data)
	}
	for change, err := range flags.Changes(ctx) {
		if err != nil {
			return
		}
		fmt.Println(change.Path, "has changed")
	}
}

func ExampleCounter() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	visits := recipes.NewCounter(client, "/app/visits")
	defer visits.Close(ctx)
	sum, err := visits.Add(ctx, 1)
	switch {
	case errors.Is(err, recipes.ErrUnknown):
		log.Print("the visit may be counted or not")
	case err == nil:
		fmt.Println("visit number", sum)
	}
}

func ExampleSemaphore_Do() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	licences := recipes.NewSemaphore(client, "/app/licences", 2)
	defer licences.Close(ctx)
	err := licences.Do(ctx, func(ctx context.Context) error {
		fmt.Println("one of two works")
		return ctx.Err() // it ends when the lease is lost
	})
	if errors.Is(err, recipes.ErrLost) {
		log.Print("three may have worked at the same time")
	}
}

// A site votes, and carries out the common decision. The coordinator calls Begin before that,
// and then Decide.
func ExampleTwoPhaseCommit() {
	var client *recipes.Client // see the example of the package
	ctx := context.Background()
	trip := recipes.NewTwoPhaseCommit(client, "/app/trips/42")
	defer trip.Close(ctx)
	if err := trip.Vote(ctx, "hotel", true); err != nil {
		log.Print("vote again: ", err)
		return
	}
	committed, err := trip.Outcome(ctx) // waits for it
	if err == nil && committed {
		fmt.Println("the room is booked")
	}
}
