package container

import (
	"context"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/zklab/zklab/internal/base/await"
)

// removeTimeout bounds the removal of one run.
const removeTimeout = time.Minute

// removeRun removes everything that a run made, found by its label: containers with their volumes, then
// networks, and the named volumes. It removes one container after the other: Docker 20.10 can deadlock
// when two leave one network at the same moment. It has a context of its own, because runs are removed
// when the caller's context has ended.
func removeRun(engine engine, id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	containers, err := engine.Client().ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ofRun(id)})
	if err != nil {
		return engineErr("list containers", err)
	}
	var errs []error
	for _, c := range containers.Items {
		errs = append(errs, removeFound(ctx, engine, c))
	}

	networks, err := engine.Client().NetworkList(ctx, client.NetworkListOptions{Filters: ofRun(id)})
	if err != nil {
		return all(append(errs, engineErr("list networks", err))...)
	}
	for _, n := range networks.Items {
		_, err := engine.Client().NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		if err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, engineErr("remove network "+n.Name, err))
		}
	}
	return all(append(errs, removeVolumes(ctx, engine, id))...)
}

// removeVolumes removes the disks of a run whose containers are gone.
func removeVolumes(ctx context.Context, engine engine, id string) error {
	volumes, err := engine.Client().VolumeList(ctx, client.VolumeListOptions{Filters: ofRun(id)})
	if err != nil {
		return engineErr("list volumes", err)
	}
	var errs []error
	for _, v := range volumes.Items {
		_, err := engine.Client().VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{})
		if err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, engineErr("remove volume "+v.Name, err))
		}
	}
	return all(errs...)
}

// removeFound removes a container that was found by its labels.
func removeFound(ctx context.Context, engine engine, found container.Summary) error {
	made, err := engine.ContainerFromType(ctx, found)
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case err != nil:
		return engineErr("look at container "+found.ID[:12], err)
	}
	return remove(ctx, engine, made)
}

// remove ends a container at once, and removes it and its volumes.
func remove(ctx context.Context, engine engine, made *testcontainers.DockerContainer) error {
	err := made.Terminate(ctx, testcontainers.StopTimeout(0))
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	// Not every engine stops a container that is paused, but each removes it.
	_, err = engine.Client().ContainerRemove(ctx, made.ID, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	// The engine, or another process, is removing it at this moment.
	if errdefs.IsConflict(err) && awaitGone(ctx, made) {
		return nil
	}
	return engineErr("remove container "+made.ID[:12], err)
}

// awaitGone waits some seconds for a container to go.
func awaitGone(ctx context.Context, made *testcontainers.DockerContainer) bool {
	for range 250 {
		if _, err := made.Inspect(ctx); errdefs.IsNotFound(err) {
			return true
		}
		if await.Sleep(ctx, 20*time.Millisecond) != nil {
			return false
		}
	}
	return false
}
