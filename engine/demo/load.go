package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"formwork/engine/id"
)

// Target is where people and records go.
type Target interface {
	// Save saves new records of an object, all or none, and returns their ids in order.
	Save(ctx context.Context, object string, records []map[string]any) ([]id.ID, error)
	// Look says how many records an object has and names the first, 0 if there is none.
	Look(ctx context.Context, object string) (count int64, first id.ID, err error)
	// Numbers reads a field of records, by id, where it is above zero. There are at most
	// a hundred of them.
	Numbers(ctx context.Context, object string, ids []id.ID, field string) (map[id.ID]json.Number, error)
	// Change changes a field of records, all or none.
	Change(ctx context.Context, object, field string, values map[id.ID]json.Number) error
	// User finds a user by e-mail; 0 if there is none.
	User(ctx context.Context, email string) (id.ID, error)
	// SetPassword gives a user a password.
	SetPassword(ctx context.Context, user id.ID, password string) error
}

// ErrNotEmpty tells that there are records already of what a recipe makes.
var ErrNotEmpty = errors.New("there are records already")

// people is the object of those who log in.
const people = "user"

// Batch is how many records are saved at once: as many as a bulk request may have.
const Batch = 1000

// Loader saves what a recipe makes. It remembers the ids of the records made and the
// few values that others copy, so memory grows by some bytes a record.
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
	keep   map[string]bool // fields whose values are copied
	owners []id.ID
	done   int
	total  int
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
		made: map[string][]id.ID{}, kept: map[id.ID]row{}}
	l.keep, l.owners, l.done, l.total = l.Recipe.copied(), nil, 0, l.estimate()
	var loaded Loaded
	if loaded.People, err = l.people(ctx); err != nil {
		return loaded, err
	}
	for _, step := range l.Recipe.Steps {
		if err := l.step(ctx, step); err != nil {
			return Loaded{loaded.People, l.done}, fmt.Errorf("making records of %s: %w", step.Object, err)
		}
	}
	l.total = l.done
	l.tell()
	return Loaded{loaded.People, l.done}, nil
}

// look counts the records that are there already.
func (l *Loader) look(ctx context.Context) (int, error) {
	var sum int64
	seen := map[string]bool{}
	for _, step := range l.Recipe.Steps {
		if seen[step.Object] {
			continue
		}
		seen[step.Object] = true
		count, _, err := l.Target.Look(ctx, step.Object)
		if err != nil {
			return 0, fmt.Errorf("looking for records of %s: %w", step.Object, err)
		}
		if count > 0 && !l.More {
			return 0, fmt.Errorf("%w: %d of %s", ErrNotEmpty, count, step.Object)
		}
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
		if p.Sells {
			l.owners = append(l.owners, user)
		}
	}
	return made, nil
}

func (l *Loader) person(ctx context.Context, p Person) (id.ID, error) {
	permissions := make([]any, len(p.Permissions))
	for i, name := range p.Permissions {
		permissions[i] = name
	}
	data := row{"name": p.Name, "email": p.Email, "active": true, "permissions": permissions}
	for name, value := range map[string]string{"title": p.Title, "role": p.Role, "language": p.Language} {
		if value != "" {
			data[name] = value
		}
	}
	saved, err := l.Target.Save(ctx, people, []map[string]any{data})
	if err != nil {
		return 0, err
	}
	return saved[0], l.Target.SetPassword(ctx, saved[0], l.Password)
}

// rows is how many records a step makes; for a step with Each, for each of them.
func (l *Loader) rows(s Step) int {
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
	for _, s := range l.Recipe.Steps {
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
func (l *Loader) step(ctx context.Context, s Step) error {
	if s.Take != nil {
		return l.take(ctx, s)
	}
	if s.Once {
		count, first, err := l.Target.Look(ctx, s.Object)
		if err != nil {
			return err
		}
		if count > 0 {
			l.maker.made[s.Object] = append(l.maker.made[s.Object], first)
			return nil
		}
	}
	var waiting []map[string]any
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

// take has fields of records take over the numbers of others.
func (l *Loader) take(ctx context.Context, s Step) error {
	for field, from := range s.Take {
		for ids := range slices.Chunk(l.maker.made[s.Object], readAtOnce) {
			numbers, err := l.Target.Numbers(ctx, s.Object, ids, from)
			if err != nil {
				return err
			}
			if err := l.Target.Change(ctx, s.Object, field, numbers); err != nil {
				return err
			}
		}
	}
	return nil
}

// row makes a record. Owners take turns.
func (l *Loader) row(s Step, this id.ID) row {
	l.maker.number++
	data := l.maker.fields(s.Fields, nil, this)
	if s.Owned && len(l.owners) > 0 {
		data["owner"] = l.owners[l.maker.number%len(l.owners)].String()
	}
	return data
}

func (l *Loader) save(ctx context.Context, s Step, records []map[string]any) error {
	if len(records) == 0 {
		return nil
	}
	saved, err := l.Target.Save(ctx, s.Object, records)
	if err != nil {
		return err
	}
	l.maker.made[s.Object] = append(l.maker.made[s.Object], saved...)
	if s.As != "" {
		l.maker.made[s.As] = append(l.maker.made[s.As], saved...)
	}
	for i, data := range records {
		for name := range l.keep {
			value, ok := data[name]
			if !ok {
				continue
			}
			if l.maker.kept[saved[i]] == nil {
				l.maker.kept[saved[i]] = row{}
			}
			l.maker.kept[saved[i]][name] = value
		}
	}
	l.done += len(saved)
	l.tell()
	return nil
}

func (l *Loader) tell() {
	if l.Progress != nil {
		l.Progress(l.done, max(l.done, l.total))
	}
}
