# Install: libraries, headers, the package for find_package and the one for pkg-config.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/wordloom)
install(TARGETS ${wordloom_installed} EXPORT wordloom)
install(DIRECTORY include/wordloom DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT wordloom NAMESPACE wordloom:: FILE wordloom-targets.cmake DESTINATION ${package_dir})
configure_package_config_file(cmake/wordloom-config.cmake.in wordloom-config.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(wordloom-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    ${CMAKE_CURRENT_BINARY_DIR}/wordloom-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/wordloom-config-version.cmake
    DESTINATION ${package_dir})
# relative, so that an installed copy may be moved
file(RELATIVE_PATH pc_to_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
configure_file(cmake/wordloom.pc.in wordloom.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/wordloom.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
