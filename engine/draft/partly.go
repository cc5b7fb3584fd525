package draft

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"formwork/engine/catalog"
	"formwork/engine/fault"
	"formwork/metadata"
)

// rounds is how often what is wrong is left out, for what is left may be wrong without it.
const rounds = 12

// partly compiles a carried draft as far as it is right: what a problem speaks of is left out.
// What is left is held to all that a draft is. Its problems, if that can't be.
func (s *Session) partly(ctx context.Context, c *carried) (*catalog.Drafted, error) {
	beneath := below(c.newest)
	documents := c.effective()
	change := s.over(c, nil)
	for range rounds {
		drafted, err := s.service.catalog.Draft(ctx, s.tenant, change)
		if err != nil || len(drafted.Problems) == 0 {
			return drafted, err
		}
		left := without(documents, drafted.Problems)
		if left == nil {
			return drafted, nil
		}
		documents = left
		change.Over = layerOf(beneath, documents)
	}
	return s.service.catalog.Draft(ctx, s.tenant, change)
}

// layerOf is the layer that makes some documents of those beneath.
func layerOf(beneath, documents []metadata.Document) []metadata.Document {
	keys := map[metadata.Key]bool{}
	for _, d := range slices.Concat(beneath, documents) {
		keys[d.Key] = true
	}
	var layer []metadata.Document
	for _, key := range slices.SortedFunc(maps.Keys(keys), metadata.CompareKeys) {
		if over, ok := metadata.Overlay(find(beneath, key), find(documents, key)); ok {
			layer = append(layer, over)
		}
	}
	return layer
}

// without are documents without the places that problems speak of; nil if they speak of none.
func without(documents []metadata.Document, problems []*fault.Fault) []metadata.Document {
	places := map[metadata.Key][][]string{}
	for _, p := range problems {
		steps := strings.Split(p.Pointer, "/")
		if len(steps) < 3 {
			continue
		}
		for i := range steps {
			steps[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[i])
		}
		key := metadata.Key{Kind: steps[1], Name: steps[2]}
		places[key] = append(places[key], steps[3:])
	}
	changed := false
	var left []metadata.Document
	for _, d := range documents {
		var value any = d.Value()
		for _, steps := range slices.Backward(places[d.Key]) { // so that places in lists stay what they are
			value = cut(value, steps)
			changed = true
		}
		if len(places[d.Key]) == 0 {
			left = append(left, d)
			continue
		}
		target, wrong := targetOf(d.Key, value)
		if target != nil && len(wrong) == 0 {
			left = append(left, *target)
		}
	}
	if !changed {
		return nil
	}
	return left
}

// cut is a value without the place at some steps in it, or if that is not there without the
// nearest around it; nil: nothing is left.
func cut(value any, steps []string) any {
	if len(steps) == 0 {
		return nil
	}
	switch value := value.(type) {
	case map[string]any:
		inner, there := value[steps[0]]
		if !there {
			return nil
		}
		rest := maps.Clone(value)
		if inner = cut(inner, steps[1:]); inner == nil {
			delete(rest, steps[0])
		} else {
			rest[steps[0]] = inner
		}
		return rest
	case []any:
		i, err := strconv.Atoi(steps[0])
		if err != nil || i < 0 || i >= len(value) {
			return nil
		}
		inner := cut(value[i], steps[1:])
		rest := slices.Clone(value)
		if inner == nil {
			return slices.Delete(rest, i, i+1)
		}
		rest[i] = inner
		return rest
	}
	return nil
}
