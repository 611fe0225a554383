package models

// MasterWorker is a job queue from which clients do not take jobs themselves: one client, the
// master, assigns the jobs, called tasks here, to the clients that ask for one.
var MasterWorker = &Model{
	Name: "master-worker", About: "a master that assigns each task to one worker at a time until it is finished",
	State: Filled, Stay: JobQueue.Stay, OnZnodes: true, Page: "job-queue",
	Operations: JobQueue.Operations,
}
