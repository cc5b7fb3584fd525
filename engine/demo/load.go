package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"formwork/engine/id"
)

// Target is where people and records go.
type Target interface {
	// Save makes and changes records of an object in order, all or none, and returns their
	// ids. There are at most Batch of them.
	Save(ctx context.Context, object string, records []Record) ([]id.ID, error)
	// Look says how many records an object has and names the first, 0 if there is none.
	Look(ctx context.Context, object string) (count int64, first id.ID, err error)
	// Numbers reads a field of records, by id, where it is above zero. There are at most
	// a hundred of them.
	Numbers(ctx context.Context, object string, ids []id.ID, field string) (map[id.ID]json.Number, error)
	// User finds a user by e-mail; 0 if there is none.
	User(ctx context.Context, email string) (id.ID, error)
	// SetPassword gives a user a password.
	SetPassword(ctx context.Context, user id.ID, password string) error
}

// Record is a record that is made or changed.
type Record struct {
	ID   id.ID     // 0: it is made
	At   time.Time // when that was; the zero time: now
	Data map[string]any
}

// ErrNotEmpty tells that there are records already of what a recipe makes.
var ErrNotEmpty = errors.New("there are records already")

// people is the object of those who log in.
const people = "user"

// Batch is how many records are saved at once: as many as a bulk request may have.
const Batch = 1000

// Loader saves what a recipe makes. It remembers the ids of the records made, the few
// values that others copy, and what is changed when all are there, so memory grows by some
// bytes a record.
type Loader struct {
	Target Target
	Recipe *Recipe
	Seed   uint64
	Size   int // of the whole, in records; shares are parts of it
	Now    time.Time
	// Password is given to the people who are made.
	Password string
	// More adds to what is there; without it Load refuses with ErrNotEmpty.
	More bool
	// Progress, if not nil, is told after each batch. The total is an estimate until
	// the end.
	Progress func(done, total int)

	maker  *maker
	keep   map[string]bool  // fields whose values are copied
	there  map[string]int64 // records that there were before, by object
	owners []owner
	due    []due                    // in the order of the records' making
	taken  map[string]map[id.ID]row // what records take over, by object
	done   int
	total  int
}

// owner is somebody who sells.
type owner struct {
	user  id.ID
	teams []string
}

// Loaded says what was made.
type Loaded struct {
	People  []Person // those who were not there before
	Records int
}

// Load makes and saves everything. People whose e-mail is taken are left as they
// are. It stops at the first record that is refused; what was saved before stays.
func (l *Loader) Load(ctx context.Context) (Loaded, error) {
	there, err := l.look(ctx)
	if err != nil {
		return Loaded{}, err
	}
	// Numbers go on where those before ended, so that what must be unique is.
	l.maker = &maker{recipe: l.Recipe, random: rand.New(rand.NewPCG(l.Seed, uint64(there))), now: l.Now, number: there,
		made: map[string][]id.ID{}, kept: map[id.ID]row{}, people: map[string]id.ID{}}
	l.keep, l.owners, l.done, l.total = l.Recipe.copied(), nil, 0, l.estimate()
	l.due, l.taken = nil, map[string]map[id.ID]row{}
	var loaded Loaded
	if loaded.People, err = l.people(ctx); err != nil {
		return loaded, err
	}
	for i := range l.Recipe.Steps {
		step := &l.Recipe.Steps[i]
		if err := l.step(ctx, step); err != nil {
			return Loaded{loaded.People, l.done}, fmt.Errorf("making records of %s: %w", step.Object, err)
		}
	}
	if err := l.change(ctx); err != nil {
		return Loaded{loaded.People, l.done}, err
	}
	l.total = l.done
	l.tell()
	return Loaded{loaded.People, l.done}, nil
}

// look counts the records that are there already.
func (l *Loader) look(ctx context.Context) (int, error) {
	var sum int64
	l.there = map[string]int64{}
	for _, step := range l.Recipe.Steps {
		if _, seen := l.there[step.Object]; seen {
			continue
		}
		count, _, err := l.Target.Look(ctx, step.Object)
		if err != nil {
			return 0, fmt.Errorf("looking for records of %s: %w", step.Object, err)
		}
		if count > 0 && !l.More {
			return 0, fmt.Errorf("%w: %d of %s", ErrNotEmpty, count, step.Object)
		}
		l.there[step.Object] = count
		sum += count
	}
	return int(sum), nil
}

// people makes those who are not there, and finds the owners of records.
func (l *Loader) people(ctx context.Context) (made []Person, err error) {
	for _, p := range l.Recipe.People {
		user, err := l.Target.User(ctx, p.Email)
		if err != nil {
			return made, fmt.Errorf("looking for %s: %w", p.Email, err)
		}
		if user == 0 {
			if user, err = l.person(ctx, p); err != nil {
				return made, fmt.Errorf("making user %s: %w", p.Email, err)
			}
			made = append(made, p)
		}
		l.maker.people[p.Email] = user
		if p.Sells {
			l.owners = append(l.owners, owner{user, p.Teams})
		}
	}
	return made, nil
}

func (l *Loader) person(ctx context.Context, p Person) (id.ID, error) {
	data := row{"name": p.Name, "email": p.Email, "active": true, "permissions": list(p.Permissions)}
	if len(p.Teams) > 0 {
		data["teams"] = list(p.Teams)
	}
	if p.Manager != "" {
		data["manager"] = l.maker.people[p.Manager].String()
	}
	for name, value := range map[string]string{"title": p.Title, "role": p.Role, "language": p.Language} {
		if value != "" {
			data[name] = value
		}
	}
	saved, err := l.Target.Save(ctx, people, []Record{{Data: data}})
	if err != nil {
		return 0, err
	}
	return saved[0], l.Target.SetPassword(ctx, saved[0], l.Password)
}

// list is a list as it is decoded from JSON.
func list(texts []string) []any {
	out := make([]any, len(texts))
	for i, text := range texts {
		out[i] = text
	}
	return out
}

// rows is how many records a step makes; for a step with Each, for each of them.
func (l *Loader) rows(s *Step) int {
	if s.Take != nil {
		return 0
	}
	if s.Rows > 0 {
		return s.Rows
	}
	return max(1, int(s.Share*float64(l.Size)))
}

// estimate is about how many records there will be.
func (l *Loader) estimate() int {
	total, of := 0, map[string]int{}
	for i := range l.Recipe.Steps {
		s := &l.Recipe.Steps[i]
		n := l.rows(s)
		if s.Each != "" {
			n = of[s.Each] * (s.Times[0] + s.Times[1]) / 2
		}
		of[s.Object] += n
		total += n
	}
	return total
}

// step makes the records of one step, in batches.
func (l *Loader) step(ctx context.Context, s *Step) error {
	if s.Take != nil {
		return l.take(ctx, s)
	}
	if s.Once && l.there[s.Object] > 0 {
		_, first, err := l.Target.Look(ctx, s.Object)
		if err != nil {
			return err
		}
		l.maker.made[s.Object] = append(l.maker.made[s.Object], first)
		return nil
	}
	var waiting []fresh
	add := func(times int, this id.ID) error {
		for range times {
			if waiting = append(waiting, l.row(s, this)); len(waiting) < Batch {
				continue
			}
			if err := l.save(ctx, s, waiting); err != nil {
				return err
			}
			waiting = nil
		}
		return nil
	}
	if s.Each == "" {
		if err := add(l.rows(s), 0); err != nil {
			return err
		}
	}
	if s.Each != "" {
		for _, this := range l.maker.made[s.Each] {
			if err := add(l.maker.within(s.Times), this); err != nil {
				return err
			}
		}
	}
	return l.save(ctx, s, waiting)
}

// readAtOnce is how many records are read at once.
const readAtOnce = 100

// take has fields of records take over the numbers of others, with their next change.
func (l *Loader) take(ctx context.Context, s *Step) error {
	if l.taken[s.Object] == nil {
		l.taken[s.Object] = map[id.ID]row{}
	}

	for field, from := range s.Take {
		for ids := range slices.Chunk(l.maker.made[s.Object], readAtOnce) {
			numbers, err := l.Target.Numbers(ctx, s.Object, ids, from)
			if err != nil {
				return err
			}
			for key, number := range numbers {
				if l.taken[s.Object][key] == nil {
					l.taken[s.Object][key] = row{}
				}
				l.taken[s.Object][key][field] = number
			}
		}
	}
	return nil
}

// fresh is a record that was not saved yet, and what is changed in it later.
type fresh struct {
	Record
	later []due
}

// row makes a record. Owners take turns.
func (l *Loader) row(s *Step, this id.ID) fresh {
	l.maker.number++
	data := l.maker.fields(s.Fields, nil, this)
	if owners := l.ownersOf(s); len(owners) > 0 {
		data["owner"] = owners[l.maker.number%len(owners)].user.String()
	}
	at, later := l.maker.past(s, data)
	return fresh{Record{At: at, Data: data}, later}
}

// ownersOf are those over whom a step spreads its records.
func (l *Loader) ownersOf(s *Step) []owner {
	switch {
	case !s.Owned:
		return nil
	case s.Team == "":
		return l.owners
	}
	return slices.DeleteFunc(slices.Clone(l.owners), func(o owner) bool { return !slices.Contains(o.teams, s.Team) })
}

func (l *Loader) save(ctx context.Context, s *Step, made []fresh) error {
	if len(made) == 0 {
		return nil
	}
	records := make([]Record, len(made))
	for i := range made {
		records[i] = made[i].Record
	}
	saved, err := l.Target.Save(ctx, s.Object, records)
	if err != nil {
		return err
	}
	l.maker.made[s.Object] = append(l.maker.made[s.Object], saved...)
	if s.As != "" {
		l.maker.made[s.As] = append(l.maker.made[s.As], saved...)
	}
	for i, one := range made {
		l.keepOf(saved[i], one.Record)
		for _, d := range one.later {
			d.record = saved[i]
			l.due = append(l.due, d)
		}
	}
	l.done += len(saved)
	l.tell()
	return nil
}

// keepOf keeps what later records copy of one.
func (l *Loader) keepOf(key id.ID, r Record) {
	keep := func(name string, value any) {
		if l.maker.kept[key] == nil {
			l.maker.kept[key] = row{}
		}
		l.maker.kept[key][name] = value
	}
	for name := range l.keep {
		if value, ok := r.Data[name]; ok {
			keep(name, value)
		}
	}
	if l.keep[createdAt] && !r.At.IsZero() {
		keep(createdAt, r.At.Format(time.RFC3339))
	}
}

// change makes the changes that are due, and has records take over what they were to take
// when they were made.
func (l *Loader) change(ctx context.Context) error {
	waiting := map[string][]Record{}
	add := func(object string, r Record) error {
		if waiting[object] = append(waiting[object], r); len(waiting[object]) < Batch {
			return nil
		}
		full := waiting[object]
		waiting[object] = nil
		return l.saveChanges(ctx, object, full)
	}
	for _, d := range l.due {
		data := row{d.step.Past.Stage: d.stage}
		taken := l.taken[d.step.Object]
		maps.Copy(data, taken[d.record])
		maps.Copy(data, d.rest)
		delete(taken, d.record)
		if err := add(d.step.Object, Record{ID: d.record, At: d.at, Data: data}); err != nil {
			return err
		}
	}
	for object, taken := range l.taken {
		for _, key := range slices.Sorted(maps.Keys(taken)) {
			made, _ := l.maker.kept[key][createdAt].(string)
			at, _ := time.Parse(time.RFC3339, made) // the zero time of one that was made now
			if err := add(object, Record{ID: key, At: at, Data: taken[key]}); err != nil {
				return err
			}
		}
	}
	for _, object := range slices.Sorted(maps.Keys(waiting)) {
		if err := l.saveChanges(ctx, object, waiting[object]); err != nil {
			return err
		}
	}
	return nil
}

func (l *Loader) saveChanges(ctx context.Context, object string, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	if _, err := l.Target.Save(ctx, object, records); err != nil {
		return fmt.Errorf("changing records of %s: %w", object, err)
	}
	return nil
}

func (l *Loader) tell() {
	if l.Progress != nil {
		l.Progress(l.done, max(l.done, l.total))
	}
}
