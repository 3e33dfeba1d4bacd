import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

class CacheTest {

    @Test
    void aNewCacheIsEmpty() {
        var cache = new Cache<String>(10, Duration.ofSeconds(1), () -> Instant.EPOCH);

        assertEquals(0, cache.size());
    }

    @Disabled("to do")
    @Test
    void aStoredValueIsReadBack() {
    }
}
