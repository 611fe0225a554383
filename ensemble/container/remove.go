package container

import (
	"context"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
	"github.com/zklab/zklab/internal/await"
)

// removeTimeout bounds the removal of one run.
const removeTimeout = time.Minute

// removeRun removes all that a run made, found by its label: containers with
// their volumes, then networks, and the volumes that had names. One container after the other: Docker
// 20.10 can lock up for good when two leave one network at the same moment. It
// has a context of its own, because runs are removed when the caller's has ended.
func removeRun(engine client.APIClient, id string) error {
	ctx, cancel := context.WithTimeout(context.Background(), removeTimeout)
	defer cancel()
	containers, err := engine.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: ofRun(id)})
	if err != nil {
		return engineErr("list containers", err)
	}
	var errs []error
	for _, c := range containers.Items {
		errs = append(errs, removeContainer(ctx, engine, c.ID))
	}

	networks, err := engine.NetworkList(ctx, client.NetworkListOptions{Filters: ofRun(id)})
	if err != nil {
		return all(append(errs, engineErr("list networks", err))...)
	}
	for _, n := range networks.Items {
		_, err := engine.NetworkRemove(ctx, n.ID, client.NetworkRemoveOptions{})
		if err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, engineErr("remove network "+n.Name, err))
		}
	}
	return all(append(errs, removeVolumes(ctx, engine, id))...)
}

// removeVolumes removes the disks of a run whose containers are gone.
func removeVolumes(ctx context.Context, engine client.APIClient, id string) error {
	volumes, err := engine.VolumeList(ctx, client.VolumeListOptions{Filters: ofRun(id)})
	if err != nil {
		return engineErr("list volumes", err)
	}
	var errs []error
	for _, v := range volumes.Items {
		_, err := engine.VolumeRemove(ctx, v.Name, client.VolumeRemoveOptions{})
		if err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, engineErr("remove volume "+v.Name, err))
		}
	}
	return all(errs...)
}

func removeContainer(ctx context.Context, engine client.APIClient, id string) error {
	_, err := engine.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	// Somebody else is removing it at this moment: wait for them.
	if errdefs.IsConflict(err) && awaitGone(ctx, engine, id) {
		return nil
	}
	return engineErr("remove container "+id[:12], err)
}

// awaitGone waits some seconds for a container to go.
func awaitGone(ctx context.Context, engine client.APIClient, id string) bool {
	for range 50 {
		if _, err := engine.ContainerInspect(ctx, id, client.ContainerInspectOptions{}); errdefs.IsNotFound(err) {
			return true
		}
		if await.Sleep(ctx, 100*time.Millisecond) != nil {
			return false
		}
	}
	return false
}
