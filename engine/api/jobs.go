package api

import (
	"time"

	"github.com/gofiber/fiber/v2"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/job"
	"formwork/engine/mail"
	"formwork/engine/record"
)

// Job is background work.
type Job struct {
	ID        string     `json:"id" schema:"ID"`
	Kind      string     `json:"kind"`
	State     string     `json:"state" enum:"waiting,running,done,failed,cancelled"`
	Done      int64      `json:"done"`
	Total     int64      `json:"total"` // 0: not known
	Problem   *Finding   `json:"problem,omitempty"`
	Failed    int64      `json:"failed,omitempty"`                   // records for which a formula or a roll-up could not be computed
	First     []string   `json:"first_failed,omitempty" schema:"ID"` // of these, at most ten that the caller may read; of one job alone
	CreatedAt time.Time  `json:"created_at"`
	StartedAt *time.Time `json:"started_at"` // null: not yet
	EndedAt   *time.Time `json:"ended_at"`   // null: still open
	By        string     `json:"by,omitempty" schema:"ID"`
}

func (r *request) showJob(j *job.Job) Job {
	v := Job{ID: j.ID.String(), Kind: j.Kind, State: j.State, Done: j.Done, Total: j.Total, CreatedAt: j.CreatedAt,
		StartedAt: maybe(j.StartedAt), EndedAt: maybe(j.EndedAt), By: j.By.String()}
	if f := j.Fault(); f != nil {
		problem := inputProblem(f, r.language())
		v.Problem = &problem
	}
	if failures, ok := record.FailuresOf(j); ok {
		v.Failed = failures.Records
	}
	return v
}

// maybe is nil for the zero time.
func maybe(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// mayWatch refuses a job of somebody else, unless the caller may see the setup.
func (r *request) mayWatch(j *job.Job) error {
	if j.By == r.caller.User {
		return nil
	}
	setup, err := r.setup()
	if err == nil && !setup {
		err = fault.New(fault.NotFound, "job.not_found", "id", j.ID.String())
	}
	return err
}

// mayStop refuses a job of somebody else, unless the caller may change the
// configuration, which much of the work in the background follows from.
func (r *request) mayStop(j *job.Job) error {
	if j.By == r.caller.User {
		return nil
	}
	return r.needs("manage_metadata")
}

// pageOf reads the parameters of a list whose cursors are ids. Faults: list.bad_cursor,
// list.bad_limit.
func pageOf(cursor string, limit int) (before id.ID, most int, err error) {
	if cursor != "" {
		var ok bool
		if before, ok = id.Parse(cursor); !ok {
			return 0, 0, fault.New(fault.Malformed, "list.bad_cursor")
		}
	}
	if limit > record.MaxLimit {
		return 0, 0, fault.New(fault.Invalid, "list.bad_limit", "max", record.MaxLimit).At("/limit")
	}
	if limit == 0 {
		limit = record.DefaultLimit
	}
	return before, limit, nil
}

// listJobs is GET /jobs, newest first: those of the caller, or of everybody for who
// may see the setup.
func (s *Server) listJobs(r *request) error {
	var l job.Listing
	var cursor string
	if err := r.query(parameter{"kind", &l.Kind}, parameter{"state", &l.State}, parameter{"limit", &l.Limit}, parameter{"cursor", &cursor}); err != nil {
		return err
	}
	var err error
	if l.Before, l.Limit, err = pageOf(cursor, l.Limit); err != nil {
		return err
	}
	setup, err := r.setup()
	if err != nil {
		return err
	}
	jobs, err := job.List(r.ctx, r.tenant, l)
	if err != nil {
		return err
	}
	answer := Page[Job]{Items: []Job{}}
	for _, j := range jobs {
		if setup || j.By == r.caller.User {
			answer.Items = append(answer.Items, r.showJob(j))
		}
	}
	if len(jobs) == l.Limit {
		next := jobs[len(jobs)-1].ID.String()
		answer.Next = &next
	}
	return r.json(fiber.StatusOK, answer)
}

// getJob is GET /jobs/{id}.
func (s *Server) getJob(r *request) error {
	j, err := r.job()
	if err != nil {
		return err
	}
	shown := r.showJob(j)
	if failures, ok := record.FailuresOf(j); ok {
		if shown.First, err = r.failed(failures); err != nil {
			return err
		}
	}
	return r.json(fiber.StatusOK, shown)
}

// failed are the first records that a job failed for, as far as the caller may read them,
// and the fields that it was to compute.
func (r *request) failed(f record.Failures) (first []string, err error) {
	for _, key := range f.First {
		_, err := r.records().Get(r.ctx, f.Object, key, f.Fields)
		switch {
		case err == nil:
			first = append(first, key.String())
		case fault.KindOf(err).Breaks():
			return nil, err
		}
	}
	return first, nil
}

// job is the job in the path, if the caller may watch it.
func (r *request) job() (*job.Job, error) {
	i, err := r.recordID()
	if err != nil {
		return nil, err
	}
	j, err := job.Get(r.ctx, r.tenant, i)
	if err != nil {
		return nil, err
	}
	return j, r.mayWatch(j)
}

// cancelJob is POST /jobs/{id}/cancel.
func (s *Server) cancelJob(r *request) error {
	j, err := r.job()
	if err == nil {
		err = r.mayStop(j)
	}
	if err != nil {
		return err
	}
	if j.Kind == mail.JobFetch { // who cancels it ends this round, and not that mail is fetched
		if err := s.o.Fetches.Again(r.ctx, r.tenant); err != nil {
			return err
		}
	}
	if err := job.Cancel(r.ctx, r.tenant, j.ID, s.o.Now()); err != nil {
		return err
	}
	return r.done()
}

// retryJob is POST /jobs/{id}/retry.
func (s *Server) retryJob(r *request) error {
	j, err := r.job()
	if err == nil {
		err = r.mayStop(j)
	}
	if err != nil {
		return err
	}
	if err := job.Retry(r.ctx, r.tenant, j.ID, s.o.Now()); err != nil {
		return err
	}
	s.o.Wake(r.tenant.Name())
	return r.done()
}
