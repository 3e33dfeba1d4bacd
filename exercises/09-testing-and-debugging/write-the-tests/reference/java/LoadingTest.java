import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class LoadingTest extends CacheFixture {

    @Test
    void whatIsThereIsNotLoaded() {
        cache.set("a", 1);

        assertEquals(1, valueOf(cache.load("a", UNEXPECTED)));
    }

    @Test
    void whatIsNotThereIsLoadedByItsKeyAtOnceAndStored() {
        var keys = new ArrayList<String>();
        var answer = new CompletableFuture<Object>();

        var load = cache.load("a", key -> {
            keys.add(key);
            return answer;
        });

        assertEquals(List.of("a"), keys);
        answer.complete(1);
        assertEquals(1, valueOf(load));
        assertEquals(1, valueOf(cache.load("a", UNEXPECTED)));
    }

    @Test
    void aLoadedValueEvictsLikeOneThatWasSet() {
        var cache = cacheFor(2);
        cache.set("a", 1);
        cache.set("b", 2);

        valueOf(cache.load("c", giving(3)));

        assertEquals(2, cache.size());
        assertEquals(List.of("b", "c"), present(cache, "a", "b", "c"));
    }

    @Test
    void theLifeOfALoadedValueBeginsWhenTheLoaderIsDone() {
        var answer = new CompletableFuture<Object>();
        var load = cache.load("a", key -> answer);
        clock.advance(TTL.dividedBy(2));

        answer.complete(1);
        valueOf(load);

        clock.advance(TTL.minus(MOMENT));
        assertEquals(1, cache.get("a"));
        clock.advance(MOMENT);
        assertNull(cache.get("a"));
    }

    @Test
    void aLoaderThatThrowsFailsTheLoadAndTheNextOneTriesAgain() {
        assertFailsAndTriesAgain(key -> {
            throw boom;
        });
    }

    @Test
    void aLoaderWhoseFutureFailsFailsTheLoadAndTheNextOneTriesAgain() {
        assertFailsAndTriesAgain(key -> CompletableFuture.failedFuture(boom));
    }

    private void assertFailsAndTriesAgain(Function<String, CompletableFuture<Object>> loader) {
        var load = cache.load("a", loader);

        assertSame(boom, errorOf(load));
        assertEquals(0, cache.size());
        assertEquals(1, valueOf(cache.load("a", giving(1))));
    }
}
