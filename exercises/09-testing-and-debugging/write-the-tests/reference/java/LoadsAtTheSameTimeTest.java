import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A load is under way for as long as the test has not completed its future: so it can be between two events. */
class LoadsAtTheSameTimeTest extends CacheFixture {

    private final CompletableFuture<Object> answer = new CompletableFuture<>();
    private final CompletableFuture<Object> newAnswer = new CompletableFuture<>();

    @Test
    void loadsOfOneKeyShareOneCallOfTheLoaderAndItsValue() {
        var first = cache.load("a", key -> answer);
        var second = cache.load("a", UNEXPECTED);

        answer.complete(1);

        assertEquals(1, valueOf(first));
        assertEquals(1, valueOf(second));
    }

    @Test
    void loadsOfOneKeyShareItsError() {
        var first = cache.load("a", key -> answer);
        var second = cache.load("a", UNEXPECTED);

        answer.completeExceptionally(boom);

        assertSame(boom, errorOf(first));
        assertSame(boom, errorOf(second));
    }

    @Test
    void aLoadDoesNotWaitForThatOfAnotherKey() {
        var slow = cache.load("slow", key -> answer);

        assertEquals(1, valueOf(cache.load("fast", giving(1))));
        answer.complete(2);
        assertEquals(2, valueOf(slow));
    }

    @Test
    void aKeyIsNotThereBeforeItsLoaderIsDone() {
        var load = cache.load("a", key -> answer);

        assertFalse(load.isDone());
        assertNull(cache.get("a"));
        assertEquals(0, cache.size());
        answer.complete(1);
        valueOf(load);
        assertEquals(1, cache.get("a"));
    }

    @Test
    void aValueThatIsSetDuringALoadStays() {
        var load = cache.load("a", key -> answer);

        cache.set("a", "new");
        answer.complete("old");

        assertEquals("old", valueOf(load));
        assertEquals("new", cache.get("a"));
    }

    @Test
    void aValueThatIsSetDuringALoadStaysWhenTheLoadFails() {
        var load = cache.load("a", key -> answer);

        cache.set("a", "new");
        answer.completeExceptionally(boom);

        assertSame(boom, errorOf(load));
        assertEquals("new", cache.get("a"));
    }

    @Test
    void aKeyThatIsDeletedDuringALoadStaysDeleted() {
        var load = cache.load("a", key -> answer);

        assertFalse(cache.delete("a"));
        answer.complete("old");

        assertEquals("old", valueOf(load));
        assertNull(cache.get("a"));
        assertEquals(0, cache.size());
    }

    @Test
    void aLoadAfterADeleteIsANewOneWhichTheOldOneDoesNotDisturb() {
        var oldLoad = cache.load("a", key -> answer);
        cache.delete("a");

        var newLoad = cache.load("a", key -> newAnswer);
        answer.complete("old");

        assertEquals("old", valueOf(oldLoad));
        assertNull(cache.get("a"));
        var joined = cache.load("a", UNEXPECTED);
        newAnswer.complete("new");
        assertEquals("new", valueOf(newLoad));
        assertEquals("new", valueOf(joined));
        assertEquals("new", cache.get("a"));
    }

    @Test
    void anOvertakenLoadThatFailsDoesNotEndTheNewOne() {
        var oldLoad = cache.load("a", key -> answer);
        cache.delete("a");
        var newLoad = cache.load("a", key -> newAnswer);

        answer.completeExceptionally(boom);
        var joined = cache.load("a", UNEXPECTED);
        newAnswer.complete("new");

        assertSame(boom, errorOf(oldLoad));
        assertEquals("new", valueOf(newLoad));
        assertEquals("new", valueOf(joined));
        assertEquals("new", cache.get("a"));
    }

    @Test
    void anOvertakenLoadThatEndsLastDoesNotOverwriteTheNewOne() {
        var oldLoad = cache.load("a", key -> answer);
        cache.delete("a");
        var newLoad = cache.load("a", key -> newAnswer);

        newAnswer.complete("new");
        assertEquals("new", valueOf(newLoad));
        answer.complete("old");

        assertEquals("old", valueOf(oldLoad));
        assertEquals("new", cache.get("a"));
    }
}
