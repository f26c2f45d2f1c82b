import { defineConfig } from '@playwright/test';
import { existsSync } from 'node:fs';

// No browser is downloaded: the one of the system is used, or the one that CHROMIUM names.
const chromium = process.env.CHROMIUM
  ?? ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((each) => existsSync(each));

export default defineConfig({
  testDir: '.',
  outputDir: 'test-results',
  // The tests start servers of their own and measure time: one after the other.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: !!process.env.CI,
  reporter: [['list']],
  use: {
    actionTimeout: 15_000,
    ...(chromium ? {} : { channel: 'chrome' }),
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: chromium,
      args: [
        // A sandbox is refused to root, as in a container.
        ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
        '--disable-gpu', '--disable-quic', '--no-first-run',
        // Nothing but the page may open connections: a test asserts that.
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    },
  },
});
