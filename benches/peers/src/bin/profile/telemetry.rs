//! OpenTelemetry's SDK, by which metrics go nowhere.

use std::time::Duration;

/// A provider whose reader collects what was aggregated and lets go of it. It would each minute; a case does not take that long.
macro_rules! provider {
    ($name:ident, $sdk:ident) => {
        pub(crate) fn $name() -> $sdk::metrics::SdkMeterProvider {
            use $sdk::{
                error::OTelSdkResult,
                metrics::{
                    PeriodicReader, SdkMeterProvider, Temporality, data::ResourceMetrics,
                    exporter::PushMetricExporter,
                },
            };

            struct Nowhere;

            impl PushMetricExporter for Nowhere {
                async fn export(&self, _: &ResourceMetrics) -> OTelSdkResult {
                    Ok(())
                }

                fn force_flush(&self) -> OTelSdkResult {
                    Ok(())
                }

                fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
                    Ok(())
                }

                fn temporality(&self) -> Temporality {
                    Temporality::Cumulative
                }
            }

            SdkMeterProvider::builder()
                .with_reader(PeriodicReader::builder(Nowhere).build())
                .build()
        }
    };
}

provider!(provider, opentelemetry_sdk);
provider!(provider_0_32, opentelemetry_sdk_0_32);
