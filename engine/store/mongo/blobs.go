package mongo

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"go.mongodb.org/mongo-driver/bson"
	"go.mongodb.org/mongo-driver/bson/primitive"
	driver "go.mongodb.org/mongo-driver/mongo"
	"go.mongodb.org/mongo-driver/mongo/options"

	"formwork/engine/fault"
	"formwork/engine/id"
	"formwork/engine/store"
)

// blobs are a tenant's blobs in the layout of GridFS, so that its tools can read
// them: contents in chunks, and a document for each whole blob, whose filename is its
// key. The driver's own gridfs is not used: it knows no contexts, reads everything
// before a range, and two uploads to one id would spoil each other.
//
// Chunks belong to an id of their Put alone. What a Put or Delete is about to make or
// leave is noted first in a collection of its own, where Tidy finds it.
type blobs struct{ tenant *Tenant }

const (
	blobNames  = "formwork.blobs." // what all begin with
	blobFiles  = "formwork.blobs.files"
	blobChunks = "formwork.blobs.chunks"
	blobNotes  = "formwork.blobs.unfinished"

	chunkSize  = 1 << 20 // bytes
	chunkBatch = 4       // chunks that a reader holds, at most
	noteEvery  = 10 * time.Second
)

// blobFile is a document of blobFiles.
type blobFile struct {
	ID       primitive.ObjectID `bson:"_id"`
	Length   int64              `bson:"length"`
	Chunk    int32              `bson:"chunkSize"`
	Uploaded time.Time          `bson:"uploadDate"`
	Name     string             `bson:"filename"`
}

// blobChunk is a document of blobChunks.
type blobChunk struct {
	ID   primitive.ObjectID `bson:"_id"`
	File primitive.ObjectID `bson:"files_id"`
	N    int32              `bson:"n"`
	Data []byte             `bson:"data"`
}

// blobNote is a document of blobNotes.
type blobNote struct {
	ID      primitive.ObjectID `bson:"_id"`                // of the file
	Seen    time.Time          `bson:"seen"`               // when something was last done to it
	GivenUp bool               `bson:"given_up,omitempty"` // by Tidy
}

// Blobs implements store.Tenant.
func (t *Tenant) Blobs() store.Blobs { return blobs{t} }

// in does something to a collection while the tenant is there.
func (b blobs) in(ctx context.Context, collection string, do func(c *driver.Collection) error) error {
	leave, err := b.tenant.changing(ctx)
	if err != nil {
		return err
	}
	defer leave()
	return do(b.tenant.db.Collection(collection))
}

func (b blobs) insert(ctx context.Context, collection string, document any) error {
	return b.in(ctx, collection, func(c *driver.Collection) error {
		_, err := c.InsertOne(ctx, document)
		return err
	})
}

// prepare makes the indexes, once for each handle of a tenant.
func (b blobs) prepare(ctx context.Context) error {
	b.tenant.preparing.Lock() // some servers can't make an index twice at once
	defer b.tenant.preparing.Unlock()
	if b.tenant.prepared {
		return nil
	}
	unique := options.Index().SetUnique(true)
	for collection, keys := range map[string]bson.D{
		blobFiles:  {{Key: "filename", Value: 1}},
		blobChunks: {{Key: "files_id", Value: 1}, {Key: "n", Value: 1}},
	} {
		err := b.in(ctx, collection, func(c *driver.Collection) error {
			_, err := c.Indexes().CreateOne(ctx, driver.IndexModel{Keys: keys, Options: unique}, b.tenant.store.building())
			return err
		})
		if err != nil {
			return failed("making the indexes of blobs", err)
		}
	}
	b.tenant.prepared = true
	return nil
}

// Put implements store.Blobs: a note, the chunks, the file's document, which makes
// the blob visible, and the end of the note.
func (b blobs) Put(ctx context.Context, key id.ID, r io.Reader, limit int64) (store.Digest, error) {
	name, err := store.BlobName(key)
	if err != nil {
		return store.Digest{}, err
	}
	if err := b.prepare(ctx); err != nil {
		return store.Digest{}, err
	}
	note := blobNote{ID: primitive.NewObjectIDFromTimestamp(b.tenant.store.now()), Seen: b.tenant.store.now()}
	if err := b.insert(ctx, blobNotes, note); err != nil {
		return store.Digest{}, failed("beginning a blob", err)
	}
	d, err := b.chunks(ctx, &note, store.LimitBlob(ctx, r, limit))
	if err == nil {
		err = b.publish(ctx, blobFile{ID: note.ID, Length: d.Size, Chunk: chunkSize, Uploaded: b.tenant.store.now(), Name: name})
	}
	if err == nil {
		err = b.tenant.confirmAlone(ctx)
	}
	if err == nil {
		return d, nil
	}
	// What can't be taken back here is Tidy's.
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), commitTimeout)
	defer cancel()
	var left error
	if !fault.Is(err, "tenant.not_found") {
		left = b.takeBack(end, note.ID)
	}
	if driver.IsDuplicateKeyError(err) {
		return store.Digest{}, store.BlobExists()
	}
	return store.Digest{}, failed("storing a blob", errors.Join(err, left))
}

// publish makes a blob visible and ends its note. Tidy gives a note up before it takes
// chunks away that no file's document names: so a note that was not given up after
// the document came says that all chunks are there.
func (b blobs) publish(ctx context.Context, file blobFile) error {
	if err := b.insert(ctx, blobFiles, file); err != nil {
		return err
	}
	return b.in(ctx, blobNotes, func(c *driver.Collection) error {
		ended, err := c.DeleteOne(ctx, kept(file.ID))
		if err == nil && ended.DeletedCount == 0 {
			err = errTidied
		}
		return err
	})
}

// chunks writes contents, one chunk in memory at a time.
func (b blobs) chunks(ctx context.Context, note *blobNote, r io.Reader) (store.Digest, error) {
	var d store.Digest
	sum, buffer := sha256.New(), make([]byte, chunkSize)
	for n := int32(0); ; n++ {
		size, err := io.ReadFull(r, buffer)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return d, err
		}
		if size > 0 {
			sum.Write(buffer[:size])
			d.Size += int64(size)
			chunk := blobChunk{ID: primitive.NewObjectIDFromTimestamp(b.tenant.store.now()), File: note.ID, N: n, Data: buffer[:size]}
			if err := b.insert(ctx, blobChunks, chunk); err != nil {
				return d, err
			}
		}
		if err != nil {
			sum.Sum(d.SHA256[:0])
			return d, nil
		}
		if b.tenant.store.now().Sub(note.Seen) > noteEvery {
			if err := b.touch(ctx, note); err != nil {
				return d, err
			}
		}
	}
}

var errTidied = errors.New("it was so slow that it was taken for left behind")

// kept selects the note of a file unless it was given up.
func kept(file primitive.ObjectID) bson.D {
	return bson.D{{Key: "_id", Value: file}, {Key: "given_up", Value: bson.D{{Key: "$ne", Value: true}}}}
}

// touch notes that a Put goes on. It fails if Tidy gave it up.
func (b blobs) touch(ctx context.Context, note *blobNote) error {
	now := b.tenant.store.now()
	return b.in(ctx, blobNotes, func(c *driver.Collection) error {
		found, err := c.UpdateOne(ctx, kept(note.ID), bson.D{{Key: "$set", Value: bson.D{{Key: "seen", Value: now}}}})
		if err == nil && found.MatchedCount == 0 {
			err = errTidied
		}
		note.Seen = now
		return err
	})
}

// takeBack removes a file, whole or not, and its note.
func (b blobs) takeBack(ctx context.Context, file primitive.ObjectID) error {
	key := bson.D{{Key: "_id", Value: file}}
	for _, part := range []struct {
		collection string
		filter     bson.D
	}{{blobFiles, key}, {blobChunks, bson.D{{Key: "files_id", Value: file}}}, {blobNotes, key}} {
		err := b.in(ctx, part.collection, func(c *driver.Collection) error {
			_, err := c.DeleteMany(ctx, part.filter)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// find reads the document of a blob.
func (b blobs) find(ctx context.Context, key id.ID) (blobFile, error) {
	name, err := store.BlobName(key)
	if err != nil {
		return blobFile{}, err
	}
	if err := b.tenant.ready(ctx); err != nil {
		return blobFile{}, err
	}
	var file blobFile
	err = b.tenant.db.Collection(blobFiles).FindOne(ctx, bson.D{{Key: "filename", Value: name}}).Decode(&file)
	if errors.Is(err, driver.ErrNoDocuments) {
		return blobFile{}, store.BlobNotFound()
	}
	return file, failed("finding a blob", err)
}

// Stat implements store.Blobs.
func (b blobs) Stat(ctx context.Context, key id.ID) (store.Blob, error) {
	file, err := b.find(ctx, key)
	if err != nil {
		return store.Blob{}, err
	}
	return store.Blob{Key: key, Size: file.Length, Stored: file.Uploaded}, nil
}

// Open implements store.Blobs. Only chunks of the range are read.
func (b blobs) Open(ctx context.Context, key id.ID, offset, length int64) (io.ReadCloser, error) {
	file, err := b.find(ctx, key)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("mongo: a blob has no offset %d", offset)
	}
	end := file.Length
	if length >= 0 && length < end-offset {
		end = offset + length
	}
	if offset >= end {
		return io.NopCloser(bytes.NewReader(nil)), nil
	}
	size := int64(file.Chunk)
	first, last := offset/size, (end-1)/size
	cursor, err := b.tenant.db.Collection(blobChunks).Find(ctx,
		bson.D{{Key: "files_id", Value: file.ID}, {Key: "n", Value: bson.D{{Key: "$gte", Value: int32(first)}, {Key: "$lte", Value: int32(last)}}}},
		options.Find().SetSort(bson.D{{Key: "n", Value: 1}}).SetBatchSize(chunkBatch))
	if err != nil {
		return nil, failed("reading a blob", err)
	}
	return &blobReader{ctx: ctx, cursor: cursor, file: file, next: int32(first), skip: offset - first*size, left: end - offset}, nil
}

// blobReader reads a range chunk by chunk.
type blobReader struct {
	ctx    context.Context
	cursor *driver.Cursor
	file   blobFile
	next   int32  // number of the next chunk
	skip   int64  // bytes of the next chunk that come before the range
	left   int64  // bytes of the range that were not read yet
	data   []byte // what is left of the last chunk
}

func (r *blobReader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if len(r.data) == 0 {
		if err := r.chunk(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.data[:min(int64(len(r.data)), r.left)])
	r.data = r.data[n:]
	r.left -= int64(n)
	return n, nil
}

// chunk reads the next chunk. One that is not there was deleted.
func (r *blobReader) chunk() error {
	if !r.cursor.Next(r.ctx) {
		if err := r.cursor.Err(); err != nil {
			return failed("reading a blob", err)
		}
		return store.BlobNotFound()
	}
	var c blobChunk
	if err := r.cursor.Decode(&c); err != nil {
		return failed("reading a blob", err)
	}
	whole := min(int64(r.file.Chunk), r.file.Length-int64(r.next)*int64(r.file.Chunk))
	if c.N != r.next || int64(len(c.Data)) != whole {
		return store.BlobNotFound()
	}
	r.data, r.skip = c.Data[r.skip:], 0
	r.next++
	return nil
}

// Close implements io.Closer.
func (r *blobReader) Close() error { return r.cursor.Close(context.WithoutCancel(r.ctx)) }

// Delete implements store.Blobs.
func (b blobs) Delete(ctx context.Context, key id.ID) error {
	file, err := b.find(ctx, key)
	if fault.Is(err, "blob.not_found") {
		return nil
	}
	if err != nil {
		return err
	}
	note := blobNote{ID: file.ID, Seen: b.tenant.store.now()}
	if err := b.insert(ctx, blobNotes, note); err != nil && !driver.IsDuplicateKeyError(err) {
		return failed("deleting a blob", err)
	}
	return failed("deleting a blob", b.takeBack(ctx, file.ID))
}

// List implements store.Blobs.
func (b blobs) List(ctx context.Context, after id.ID, limit int) ([]store.Blob, error) {
	if limit <= 0 {
		return nil, nil
	}
	if err := b.tenant.ready(ctx); err != nil {
		return nil, err
	}
	cursor, err := b.tenant.db.Collection(blobFiles).Find(ctx, bson.D{{Key: "filename", Value: bson.D{{Key: "$gt", Value: after.String()}}}},
		options.Find().SetSort(bson.D{{Key: "filename", Value: 1}}).SetLimit(int64(limit)))
	if err != nil {
		return nil, failed("listing blobs", err)
	}
	var files []blobFile
	if err := cursor.All(ctx, &files); err != nil {
		return nil, failed("listing blobs", err)
	}
	var page []store.Blob
	for _, file := range files {
		if key, ok := id.Parse(file.Name); ok {
			page = append(page, store.Blob{Key: key, Size: file.Length, Stored: file.Uploaded})
		}
	}
	return page, nil
}

// Tidy implements store.Blobs.
func (b blobs) Tidy(ctx context.Context, since time.Time) error {
	if err := b.tenant.ready(ctx); err != nil {
		return err
	}
	cursor, err := b.tenant.db.Collection(blobNotes).Find(ctx, bson.D{{Key: "seen", Value: bson.D{{Key: "$lt", Value: since}}}})
	if err != nil {
		return failed("tidying blobs", err)
	}
	defer cursor.Close(context.WithoutCancel(ctx))
	for cursor.Next(ctx) {
		var note blobNote
		if err := cursor.Decode(&note); err != nil {
			return failed("tidying blobs", err)
		}
		if err := b.settle(ctx, note.ID, since); err != nil {
			return failed("tidying blobs", err)
		}
	}
	return failed("tidying blobs", cursor.Err())
}

// settle gives up a note that was not seen since, and takes back what it is about
// unless that is whole.
func (b blobs) settle(ctx context.Context, file primitive.ObjectID, since time.Time) error {
	given := false
	err := b.in(ctx, blobNotes, func(c *driver.Collection) error {
		found, err := c.UpdateOne(ctx, bson.D{{Key: "_id", Value: file}, {Key: "seen", Value: bson.D{{Key: "$lt", Value: since}}}},
			bson.D{{Key: "$set", Value: bson.D{{Key: "given_up", Value: true}}}})
		given = err == nil && found.MatchedCount > 0
		return err
	})
	if err != nil || !given {
		return err
	}
	err = b.tenant.db.Collection(blobFiles).FindOne(ctx, bson.D{{Key: "_id", Value: file}}).Err()
	switch {
	case errors.Is(err, driver.ErrNoDocuments):
		return b.takeBack(ctx, file)
	case err != nil:
		return err
	}
	return b.in(ctx, blobNotes, func(c *driver.Collection) error {
		_, err := c.DeleteOne(ctx, bson.D{{Key: "_id", Value: file}})
		return err
	})
}
