package cache_test

import "testing"

func TestLoadsOfOneKeyShareOneCallOfTheLoaderAndItsValue(t *testing.T) {
	c, _ := setup(t)
	loader := newHeld()

	first, second := c.Load("a", loader.load), c.Load("a", unexpected)
	loader.finish(1)

	wantLoaded(t, first, 1)
	wantLoaded(t, second, 1)
}

func TestLoadsOfOneKeyShareItsError(t *testing.T) {
	c, _ := setup(t)
	loader := newHeld()

	first, second := c.Load("a", loader.load), c.Load("a", unexpected)
	loader.fail(errBoom)

	wantFailed(t, first, errBoom)
	wantFailed(t, second, errBoom)
}

func TestALoadDoesNotWaitForThatOfAnotherKey(t *testing.T) {
	c, _ := setup(t)
	slow := newHeld()

	slowLoad := c.Load("slow", slow.load)

	wantLoaded(t, c.Load("fast", returns(1)), 1)
	slow.finish(2)
	wantLoaded(t, slowLoad, 2)
}

func TestAKeyIsNotThereBeforeItsLoaderIsDone(t *testing.T) {
	c, _ := setup(t)
	loader := newHeld()

	load := c.Load("a", loader.load)

	wantGone(t, c, "a")
	wantLen(t, c, 0)
	loader.finish(1)
	wantLoaded(t, load, 1)
	wantThere(t, c, "a", 1)
}

func TestAValueThatIsSetDuringALoadStays(t *testing.T) {
	c, _ := setup(t)
	loader := newHeld()
	load := c.Load("a", loader.load)

	c.Set("a", "new")
	loader.finish("old")

	wantLoaded(t, load, "old")
	wantThere(t, c, "a", "new")
}

func TestAValueThatIsSetWithATTLDuringALoadStays(t *testing.T) {
	c, _ := setup(t)
	loader := newHeld()
	load := c.Load("a", loader.load)

	setTTL(t, c, "a", "new", ttl)
	loader.finish("old")

	wantLoaded(t, load, "old")
	wantThere(t, c, "a", "new")
}

func TestAValueThatIsSetDuringALoadStaysAlsoWhenTheLoadFails(t *testing.T) {
	c, _ := setup(t)
	loader := newHeld()
	load := c.Load("a", loader.load)

	c.Set("a", "new")
	loader.fail(errBoom)

	wantFailed(t, load, errBoom)
	wantThere(t, c, "a", "new")
}

func TestAKeyThatIsDeletedDuringALoadStaysDeleted(t *testing.T) {
	c, _ := setup(t)
	loader := newHeld()
	load := c.Load("a", loader.load)

	if c.Delete("a") {
		t.Error("Delete found a key that is still being loaded")
	}
	loader.finish("old")

	wantLoaded(t, load, "old")
	wantGone(t, c, "a")
}

func TestAnOvertakenLoadThatEndsFirstDoesNotEndTheNewOne(t *testing.T) {
	c, _ := setup(t)
	before, after := newHeld(), newHeld()
	oldLoad := c.Load("a", before.load)
	c.Delete("a")

	newLoad := c.Load("a", after.load)
	before.finish("old")

	wantLoaded(t, oldLoad, "old")
	wantGone(t, c, "a")
	joined := c.Load("a", unexpected)
	after.finish("new")
	wantLoaded(t, newLoad, "new")
	wantLoaded(t, joined, "new")
	wantThere(t, c, "a", "new")
}

func TestAnOvertakenLoadThatEndsLastDoesNotOverwriteTheNewOne(t *testing.T) {
	c, _ := setup(t)
	before, after := newHeld(), newHeld()
	oldLoad := c.Load("a", before.load)
	c.Delete("a")
	newLoad := c.Load("a", after.load)

	after.finish("new")
	wantLoaded(t, newLoad, "new")
	before.finish("old")
	wantLoaded(t, oldLoad, "old")

	wantThere(t, c, "a", "new")
}
